import { Redis } from 'ioredis'
import { checkFrame } from '../rpc/support/check-frame.ts'
import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { type LoadClient, openLoadClient } from './support/grpc-load.ts'
import { closedLoop, openLoop } from './support/load.ts'

const tokens = 10_000
const connections = 2
const inFlight = 64
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const slicesPerRound = 3
const sliceMs = 1_000
const pacedMs = 5_000
const artifact = '/packages/57/89/demo_package-1.0-py3-none-any.whl'

/** Checks per second beside grpc-js doing nothing, Redis calls per Check, and latencies at a fixed pace. */
export async function run(): Promise<readonly Figure[]> {
  const world = await startBenchWorld(tokens)
  try {
    const frames = world.secrets.map((token) =>
      checkFrame({ token, path: artifact, extensions: { upstream: 'mirror' } }),
    )
    process.stdout.write(
      `A CheckRequest has ${frames[0]?.length ?? 0} bytes; ${frames.length} tokens; three limits a Check.\n`,
    )
    const next = (nth: number): Uint8Array => frames[(nth * 7919) % frames.length] ?? Buffer.alloc(0)
    // No background roles: what is measured is the Check, and Redis calls can be counted.
    const quiet = { TOLLGATE_ROLES: 'none', TOLLGATE_UNBOOKED: 'true', TOLLGATE_LOG_LEVEL: 'info' }
    const targets = {
      nothing: await world.serveNothing(),
      memory: await world.serve('memory', quiet),
      redis: await world.serve('redis', quiet),
    }
    const clients = await openAll(targets)
    await warm(clients, next)
    const ratios = await compare(clients, next)
    const calls = await redisCallsPerCheck(world, clients.redis, next)
    const paced = await pace(clients.redis, next)
    for (const client of Object.values(clients)) client.close()
    return [...ratios, calls, ...paced]
  } finally {
    await world.stop()
  }
}

type Name = 'nothing' | 'memory' | 'redis'
type Clients = Readonly<Record<Name, LoadClient>>
type Next = (nth: number) => Uint8Array

async function openAll(targets: Readonly<Record<Name, string>>): Promise<Clients> {
  const [nothing, memory, redis] = await Promise.all([
    openLoadClient(targets.nothing, connections),
    openLoadClient(targets.memory, connections),
    openLoadClient(targets.redis, connections),
  ])
  return { nothing, memory, redis }
}

/** Until every counter is seeded and the code is compiled. */
async function warm(clients: Clients, next: Next): Promise<void> {
  for (const [name, client] of Object.entries(clients)) {
    for (let nth = 0; nth < tokens; nth += inFlight) {
      await Promise.all(Array.from({ length: inFlight }, (_, more) => client.call(next(nth + more))))
    }
    const perSecond = await closedLoop(client.call, { inFlight, durationMs: 2_000, next })
    process.stdout.write(`warm-up: ${name} ${Math.round(perSecond)} calls/s\n`)
  }
}

/** All three in turn in slices of a second; the ratio is taken inside each round, so a slow spell of the machine meets all. */
async function compare(clients: Clients, next: Next): Promise<readonly Figure[]> {
  const names: readonly Name[] = ['nothing', 'memory', 'redis']
  const rates: Record<Name, number[]> = { nothing: [], memory: [], redis: [] }
  for (let round = 1; round <= rounds; round += 1) {
    const sums: Record<Name, number> = { nothing: 0, memory: 0, redis: 0 }
    for (let slice = 0; slice < slicesPerRound; slice += 1) {
      for (const name of names)
        sums[name] += await closedLoop(clients[name].call, { inFlight, durationMs: sliceMs, next })
    }
    for (const name of names) rates[name].push(sums[name] / slicesPerRound)
    process.stdout.write(
      `round ${round}: ${names.map((name) => `${name} ${Math.round(rates[name].at(-1) ?? 0)}/s`).join('  ')}\n`,
    )
  }
  const ratio = (name: Name): number[] => rates[name].map((rate, round) => rate / (rates.nothing[round] ?? Number.NaN))
  return [
    figureOf('check.memory.ratio', 'ratio', ratio('memory')),
    figureOf('check.redis.ratio', 'ratio', ratio('redis')),
    figureOf('check.memory.per_s', 'calls/s', rates.memory),
    figureOf('check.redis.per_s', 'calls/s', rates.redis),
  ]
}

/** By Redis's own count of the commands that clients sent. */
async function redisCallsPerCheck(world: BenchWorld, client: LoadClient, next: Next): Promise<Figure> {
  const redis = new Redis(world.redisUrl)
  const samples: number[] = []
  for (let sample = 0; sample < 3; sample += 1) {
    const before = await evaluations(redis)
    for (let nth = 0; nth < 2_000; nth += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => client.call(next(nth + more))))
    }
    samples.push(((await evaluations(redis)) - before) / 2_000)
  }
  redis.disconnect()
  return figureOf('check.redis.calls', 'calls', samples)
}

async function evaluations(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats')
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

async function pace(client: LoadClient, next: Next): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const perSecond of [2_000, 5_000]) {
    const runs = []
    for (let round = 0; round < rounds; round += 1) {
      runs.push(await openLoop(client.call, { perSecond, durationMs: pacedMs / rounds, next }))
    }
    const failed = runs.reduce((sum, run) => sum + run.failed, 0)
    process.stdout.write(
      `${perSecond}/s: ${runs.map((run) => `p50 ${run.p50.toFixed(2)} p99 ${run.p99.toFixed(2)} p99.9 ${run.p999.toFixed(2)} ms`).join(' · ')}; ${failed} failed\n`,
    )
    const suffix = perSecond === 2_000 ? '' : `.${perSecond}`
    figures.push(
      figureOf(
        `check.p50_ms${suffix}`,
        'ms',
        runs.map((run) => run.p50),
      ),
      figureOf(
        `check.p99_ms${suffix}`,
        'ms',
        runs.map((run) => run.p99),
      ),
      figureOf(
        `check.p999_ms${suffix}`,
        'ms',
        runs.map((run) => run.p999),
      ),
    )
  }
  return figures
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
