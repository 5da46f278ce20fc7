/** Looks now and every `everyMs`, and keeps what it sees among the warnings of `/readyz` for as long as it is so. */
export function keepWarning(
  started: AsyncDisposableStack,
  given: {
    readonly warnings: Set<string>
    /** Answers a sentence, or undefined when all is well. */
    readonly look: () => string | undefined
    readonly everyMs?: number
  },
): void {
  const { warnings, look, everyMs = 1_000 } = given
  let said: string | undefined
  const renew = (): void => {
    if (said !== undefined) warnings.delete(said)
    said = look()
    if (said !== undefined) warnings.add(said)
  }
  renew()
  const timer = setInterval(renew, everyMs)
  started.defer(() => clearInterval(timer))
}
