import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync } from 'node:fs'
import { basename } from 'node:path'
import { Fault } from '../core/fault.ts'

const LOG_CHARS_MAX = 8_192
const OUTPUT_CLOSE_MS_MAX = 2_000

/** Waits for our end of the pipe to close, which the kernel does however we end, then ends the server. */
const WATCHDOG = [
  'read -r _; kill -CONT "$0"; kill -"$1" "$0"; tenths=0',
  'while kill -0 "$0"; do tenths=$((tenths + 1)); [ $tenths -le 50 ] || kill -KILL "$0"; sleep 0.1; done',
].join('\n')

export interface ServerCommand {
  readonly binary: string
  readonly args: readonly string[]
  readonly workingFolder: string
  /** The signal that asks this server to end in order. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM'
  /** The user to run as; ours when absent. */
  readonly userId?: number | undefined
  /** Added to the few variables every server gets. */
  readonly environment?: Readonly<Record<string, string>>
  /** Takes all of its output, besides the end of it that is kept here. */
  readonly logFile?: string
}

/** A server that runs as our child and does not outlive us, not even after SIGKILL. */
export interface ServerProcess {
  readonly pid: number
  /** Its exit code when the process has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  hasEnded(): boolean
  /** The end of what it wrote to stdout and stderr. */
  log(): string
  /** Asks it to end and waits; after `graceMs` it is killed. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

/**
 * Starts a server in its own session, so that a Ctrl-C at the terminal reaches us and not it: we stop it in our order.
 * Throws `server_missing` when the binary is not there.
 */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  if (!existsSync(command.binary)) {
    const name = basename(command.binary)
    throw new Fault(
      'server_missing',
      `No ${name} at ${command.binary}. Run \`node scripts/bootstrap.mjs\` once to get it`,
    )
  }
  const child = spawn(command.binary, command.args, {
    cwd: command.workingFolder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...command.environment },
    ...(command.userId === undefined ? {} : { uid: command.userId, gid: command.userId }),
  })
  await hasSpawned(child, command.binary)
  return watch(child, command)
}

function hasSpawned(child: ChildProcess, binary: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.once('spawn', resolve)
  child.once('error', (cause) => reject(new Fault('server_missing', `Cannot run ${binary}`, { cause })))
  return promise
}

function watch(child: ChildProcess, command: ServerCommand): ServerProcess {
  const { promise: ended, resolve } = Promise.withResolvers<number | undefined>()
  const watchdog = startWatchdog(child.pid ?? 0, command.stopSignal)
  let log = ''
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-LOG_CHARS_MAX)
    if (command.logFile !== undefined) appendFileSync(command.logFile, chunk)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.once('exit', (code) => {
    watchdog.kill('SIGKILL')
    // Its own children may hold the output, and its files, a moment longer: a restart must wait for them too.
    const timer = setTimeout(() => resolve(code ?? undefined), OUTPUT_CLOSE_MS_MAX)
    child.once('close', () => {
      clearTimeout(timer)
      resolve(code ?? undefined)
    })
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: NodeJS.Signals, graceMs: number): Promise<void> => {
    if (!hasEnded()) child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }
  return {
    pid: child.pid ?? 0,
    ended,
    hasEnded,
    log: () => log,
    stop: (graceMs = 10_000) => end(command.stopSignal, graceMs),
    kill: () => end('SIGKILL', 10_000),
  }
}

function startWatchdog(pid: number, stopSignal: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', WATCHDOG, String(pid), stopSignal.slice('SIG'.length)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin?.on('error', () => undefined)
  child.unref()
  return child
}
