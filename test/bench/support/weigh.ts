import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../../scripts/state-folder.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { type BenchWorld, serveFlags } from './bench-world.ts'
import { type Figure, figureOf } from './figure.ts'
import { startPinned } from './processes.ts'

const settleMs = 2_000
const rounds = 3

/** What a serving process weighs (resident memory, two seconds after it is ready), and how long it took to read the policy from PostgreSQL. */
export async function weigh(world: BenchWorld, name: `${string}.${string}`): Promise<readonly Figure[]> {
  const megabytes: number[] = []
  const loadMs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const ops = `127.0.0.1:${await findFreePort()}`
    const served = await startPinned({
      ...{ core: 0, args: [...serveFlags, join(rootFolder, 'src/main.ts'), 'serve'], ready: /"event":"ready"/ },
      environment: {
        ...{ DATABASE_URL: world.databaseUrl, REDIS_URL: world.redisUrl, TOLLGATE_OPS_ADDRESS: ops },
        TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'memory.sock'),
        TOLLGATE_DATA_FOLDER: createScratchFolder('bench-memory'),
        NODE_COMPILE_CACHE: join(rootFolder, '.cache/compiled'),
      },
    })
    await delay(settleMs)
    loadMs.push(await loadedInMs(ops))
    megabytes.push(residentMb(served.pid))
    await served.stop()
  }
  return [figureOf(`${name}_mb`, 'MB', megabytes), figureOf(`${name}_load_ms`, 'ms', loadMs)]
}

async function loadedInMs(ops: string): Promise<number> {
  const metrics = await (await fetch(`http://${ops}/metrics`)).text()
  return 1_000 * Number(/^tollgate_policy_apply_seconds_sum(?:\{[^}]*\})? (\S+)$/m.exec(metrics)?.[1])
}

function residentMb(pid: number): number {
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024) / 1e6
}
