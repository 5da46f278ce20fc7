import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A child that printed the line it was waited for. Ends with `stop()`; nothing else is signalled. */
export interface BenchProcess {
  readonly pid: number
  stop(): Promise<void>
}

const startMsMax = 30_000

/**
 * Starts `node ARGS`, pinned to one core where `taskset` is there, and answers when a line of its output matches `ready`.
 * Everything it prints besides goes nowhere; on failure the last lines are in the error.
 */
export async function startPinned(options: {
  readonly core: number
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ready: RegExp
}): Promise<BenchProcess> {
  const command = ['taskset', '-c', String(options.core), process.execPath, ...options.args]
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...options.environment },
  })
  await untilReady(child, options.ready)
  return { pid: child.pid ?? 0, stop: () => stop(child) }
}

/** Pins a process that already runs; false where that is not possible. */
export async function pin(pid: number, core: number): Promise<boolean> {
  const child = spawn('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)).once('error', () => resolve(false)))
}

/** User and system time of all threads of a process, by /proc (in ticks of 10 ms). */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  const tail: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`Not ready in time: ${tail.join('\n')}`)), startMsMax)
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line)
      if (tail.length > 20) tail.shift()
      if (ready.test(line)) resolve()
    })
  }
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`Ended with ${code}: ${tail.join('\n')}`)))
  return promise.finally(() => clearTimeout(timer))
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}
