/** Thrown by a command whose answer is printed already: only the exit code is left to say. */
export class ExitWith extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`Exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}
