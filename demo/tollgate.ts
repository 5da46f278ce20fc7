import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { rootFolder } from '../scripts/state-folder.ts'
import { findFreePort } from '../src/postgres/free-port.ts'
import { type ServerProcess, startServerProcess } from '../src/postgres/server-process.ts'
import { type CommandResult, runCommand } from './command.ts'

export interface RunningTollgate {
  /** Of the ops listener: metrics, livez, readyz. */
  readonly opsUrl: string
  readonly pid: number
  /** Its exit code when it has ended, undefined after a signal. Never rejects. */
  readonly ended: Promise<number | undefined>
  /** SIGTERM, and waits for the drain. */
  stop(): Promise<void>
  kill(): Promise<void>
}

export type Variables = Readonly<Record<string, string>>

const NODE = join(rootFolder, 'node_modules/node/bin/node')
const MAIN = join(rootFolder, 'src/main.ts')
const READY_MS_MAX = 20_000

/** Runs an operator's command to its end, as `npm run tollgate -- …` does. */
export function runTollgate(settings: Variables, args: readonly string[]): Promise<CommandResult> {
  return runCommand({ file: NODE, args: [MAIN, ...args], environment: settings, folder: rootFolder })
}

/**
 * Starts `tollgate serve` as an operator would and answers when it says it is ready. It ends with this process.
 *
 * @param options.logFile takes all of its output
 */
export async function serveTollgate(options: {
  readonly settings: Variables
  readonly logFile: string
  /** Behind a supervisor, when there are several. */
  readonly processes?: number
}): Promise<RunningTollgate> {
  const port = await findFreePort()
  const server = await startServerProcess({
    binary: NODE,
    args: [MAIN, 'serve', ...(options.processes === undefined ? [] : ['--processes', String(options.processes)])],
    workingFolder: rootFolder,
    stopSignal: 'SIGTERM',
    environment: { ...options.settings, TOLLGATE_OPS_ADDRESS: `127.0.0.1:${port}` },
    logFile: options.logFile,
  })
  const opsUrl = `http://127.0.0.1:${port}`
  await untilReady(server, opsUrl)
  return { opsUrl, pid: server.pid, ended: server.ended, stop: () => server.stop(15_000), kill: server.kill }
}

async function untilReady(server: ServerProcess, opsUrl: string): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const reply = await fetch(`${opsUrl}/readyz`).catch(() => undefined)
    if (reply?.status === 200) return
    await delay(20)
  }
  await server.kill()
  throw new Error(`Tollgate did not become ready: ${server.log().trim().split('\n').slice(-8).join('\n')}`)
}
