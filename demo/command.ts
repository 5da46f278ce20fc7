import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { rootFolder } from '../scripts/state-folder.ts'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** All variables it gets; nothing of ours is handed on. */
  readonly environment: Readonly<Record<string, string>>
  readonly folder: string
  /** Then it is ended, and `code` is -1. Two minutes when absent. */
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
const GRACE_TENTHS = 30

/**
 * Runs a program to its end without a terminal. It and its children end with us, however we end: SIGINT, and SIGKILL
 * three seconds later. Throws if it cannot be started, or after endCommands().
 */
export async function runCommand(command: Command): Promise<CommandResult> {
  if (isEnding) throw new Error(`Everything is being ended, so ${command.file} is not started`)
  const startedMs = performance.now()
  const child = spawn(command.file, command.args, {
    cwd: command.folder,
    env: command.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, which ends as one
  })
  let text = ''
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-TEXT_CHARS_MAX)
    text = (text + chunk.toString()).slice(-TEXT_CHARS_MAX)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-TEXT_CHARS_MAX)
  })
  const code = await untilEnd(child, command.durationMsMax ?? 120_000)
  return { code, text, stdout, durationMs: performance.now() - startedMs }
}

/** Ends every command that still runs, waits for them, and lets no other start. */
export async function endCommands(): Promise<void> {
  isEnding = true
  for (const watchdog of running.keys()) watchdog.stdin?.end()
  await Promise.all(running.values())
}

let isEnding = false
/** The watchdog of each command that runs, with the promise of that command's end. */
const running = new Map<ChildProcess, Promise<unknown>>()

function untilEnd(child: ChildProcess, durationMsMax: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  if (child.pid === undefined) return promise
  const watchdog = startWatchdog(child.pid)
  let isOverdue = false
  const timer = setTimeout(() => {
    isOverdue = true
    watchdog.stdin?.end()
  }, durationMsMax)
  child.once('close', (code) => {
    clearTimeout(timer)
    running.delete(watchdog)
    watchdog.kill('SIGKILL')
    resolve(isOverdue ? -1 : (code ?? -1))
  })
  running.set(watchdog, promise)
  return promise
}

/** Ends a process group when its standard input closes, which the kernel does however we end. */
function startWatchdog(group: number): ChildProcess {
  const words = [join(rootFolder, 'scripts/end-with-parent.sh'), 'INT', String(-group), String(GRACE_TENTHS)]
  const child = spawn('/bin/sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => undefined)
  child.unref()
  return child
}
