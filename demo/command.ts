import { type ChildProcess, spawn } from 'node:child_process'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** All variables it gets; nothing of ours is handed on. */
  readonly environment: Readonly<Record<string, string>>
  readonly folder: string
  /** Then it is killed, and `code` is -1. Two minutes when absent. */
  readonly durationMsMax?: number
}

export interface CommandResult {
  readonly code: number
  /** What a terminal would have shown: stdout and stderr as they came. */
  readonly text: string
  readonly stdout: string
  readonly durationMs: number
}

const TEXT_CHARS_MAX = 1_000_000

/** Runs a program to its end without a terminal. Throws only if it cannot be started. */
export async function runCommand(command: Command): Promise<CommandResult> {
  const startedMs = performance.now()
  const child = spawn(command.file, command.args, {
    cwd: command.folder,
    env: command.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: command.durationMsMax ?? 120_000,
    killSignal: 'SIGKILL',
  })
  endWithUs(child)
  let text = ''
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-TEXT_CHARS_MAX)
    text = (text + chunk.toString()).slice(-TEXT_CHARS_MAX)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-TEXT_CHARS_MAX)
  })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? -1))
  return { code: await promise, text, stdout, durationMs: performance.now() - startedMs }
}

const running = new Set<ChildProcess>()

function endWithUs(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', killAll)
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.removeListener('exit', killAll)
  })
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
