import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { rootFolder } from '../../../scripts/state-folder.ts'
import { type ServerProcess, startServerProcess } from '../../../src/postgres/server-process.ts'
import type { FailPoint } from '../../support/fail-points.ts'
import type { ChildOrders } from '../../support/failpoint-child.ts'

export interface Child {
  readonly pid: number
  /** Its signal-less exit code; undefined when it was killed. */
  readonly ended: Promise<number | undefined>
  /** Ends itself the `times`-th time it reaches the point from now. */
  arm(point: FailPoint, times: number): Promise<void>
  /** What it counted and measured. */
  told(): Promise<{
    readonly counts: Readonly<Record<string, number>>
    readonly gauges: Readonly<Record<string, number>>
  }>
  kill(): Promise<void>
  stop(): Promise<void>
}

const readyMsMax = 30_000

/** Starts the shipped Tollgate with fail points; resolves when it is ready. */
export async function startChild(orders: ChildOrders, logFile: string): Promise<Child> {
  const server = await startServerProcess({
    binary: process.execPath,
    args: ['test/support/failpoint-child.ts', JSON.stringify(orders)],
    workingFolder: rootFolder,
    stopSignal: 'SIGTERM',
    logFile,
  })
  appendFileSync(logFile, `--- started ${server.pid}\n`)
  const url = `http://127.0.0.1:${orders.controlPort}`
  await untilReady(server, url)
  return {
    pid: server.pid,
    ended: server.ended,
    async arm(point, times) {
      const query = new URLSearchParams({ point, times: String(times) })
      await (await fetch(`${url}/arm?${query}`)).text()
    },
    told: async () => (await fetch(`${url}/`)).json() as ReturnType<Child['told']>,
    kill: server.kill,
    stop: () => server.stop(),
  }
}

async function untilReady(server: ServerProcess, url: string): Promise<void> {
  const deadlineMs = performance.now() + readyMsMax
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const reply = await fetch(`${url}/ready`).catch(() => undefined)
    await reply?.text()
    if (reply?.ok) return
    await delay(20)
  }
  await server.kill()
  throw new Error(`Tollgate did not become ready: ${server.log().trim().split('\n').slice(-8).join('\n')}`)
}
