import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../scripts/state-folder.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { type BenchWorld, serveFlags, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { startPinned } from './support/processes.ts'

const settleMs = 2_000
const rounds = 3

/**
 * What a serving process weighs with so many tokens in force (resident memory, two seconds after it is ready), how long it takes to read them
 * from PostgreSQL, and the weight of one that has a single token: what the tokens do not cost.
 */
export async function run(): Promise<readonly Figure[]> {
  const world = await startBenchWorld(1)
  try {
    return [
      ...(await weigh(world, 'alone')),
      ...(await addTokens(world, 100_000).then(() => weigh(world, '100k'))),
      ...(await addTokens(world, 900_000).then(() => weigh(world, '1m'))),
    ]
  } finally {
    await world.stop()
  }
}

async function weigh(world: BenchWorld, name: string): Promise<readonly Figure[]> {
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
  return [figureOf(`memory.${name}_mb`, 'MB', megabytes), figureOf(`memory.${name}_load_ms`, 'ms', loadMs)]
}

/** Tokens that nobody holds a secret of, without the change log: only how many there are is of interest. */
async function addTokens({ sql }: BenchWorld, count: number): Promise<void> {
  await sql.query('ALTER TABLE tollgate.token DISABLE TRIGGER USER')
  await sql.query(
    `INSERT INTO tollgate.token (id, account, partition, digest, hint, expires_at)
     SELECT 'ci-token-' || n, 'account-' || (1 + n % 1000), 7, encode(sha256(('none ' || n || ' of ' || ${count})::bytea), 'hex'), 'tg_ab…yz',
            now() + interval '6 days'
     FROM generate_series(${count}, ${2 * count - 1}) n`,
  )
  await sql.query('ALTER TABLE tollgate.token ENABLE TRIGGER USER')
}

async function loadedInMs(ops: string): Promise<number> {
  const metrics = await (await fetch(`http://${ops}/metrics`)).text()
  return 1_000 * Number(/^tollgate_policy_apply_seconds_sum(?:\{[^}]*\})? (\S+)$/m.exec(metrics)?.[1])
}

function residentMb(pid: number): number {
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024) / 1e6
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
