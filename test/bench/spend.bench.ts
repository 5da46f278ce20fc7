import { Redis } from 'ioredis'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import type { SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { counterOf, reportOf, seedOf } from '../support/spend-harness.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { pin } from './support/processes.ts'
import { accounts, type Shape, shapes, spendOf } from './support/spend-shapes.ts'

const redisCore = 1
const restCore = 0
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const checksPerRound = 4_000
const inFlight = 64

/** What a check costs Redis, beside a script that returns at once: by number of lines and of partitions. */
export async function run(): Promise<readonly Figure[]> {
  const redis = await startRedis({ dataFolder: createScratchFolder('bench-redis') })
  await pin(redis.pid, redisCore)
  await pin(process.pid, restCore)
  const admin = new Redis(redis.url)
  const store = createRedisSpendStore({
    url: redis.url,
    observer: silentObserver,
    nowMs: Date.now,
    commandTimeoutMs: 10_000,
  })
  try {
    await store.ready()
    for (const shape of shapes) await warm(store, shape)
    return await measure(store, admin)
  } finally {
    await store.close()
    admin.disconnect()
    await redis.stop()
  }
}

/** Every counter seeded, and a round that nobody measures. */
async function warm(store: RedisSpendStore, shape: Shape): Promise<void> {
  const seeded = new Set<string>()
  for (let nth = 0; nth < accounts; nth += 1) {
    const lines = spendOf(shape, nth, 'warm').lines
    const bySubject = Map.groupBy(
      lines.filter((line) => line.kind === 'quota'),
      ({ subject }) => subject.kind + subject.id,
    )
    for (const [name, quotas] of bySubject) {
      const [first] = quotas
      if (first === undefined || seeded.has(name)) continue
      seeded.add(name)
      const counters = quotas.map((line) => counterOf(line, 0))
      const answer = await store.seed(await seedOf(store, first.subject, counters))
      if (answer !== 'seeded') throw new Error(`${name} was not seeded`)
    }
  }
  await settle(store, await spendMany(store, shape, 'warm'))
}

interface Cost {
  /** Processor time of the thread that serves; unlike the times in `commandstats` it does not grow when others want the processor too. */
  readonly redisUs: number
  readonly calls: number
}

/** All shapes in turn in each round, so a slow spell of the machine meets all. */
async function measure(store: RedisSpendStore, admin: Redis): Promise<readonly Figure[]> {
  const sha = String(await admin.script('LOAD', 'return 0'))
  const costs = new Map<string, Cost[]>([['nothing', []], ...shapes.map(({ name }): [string, Cost[]] => [name, []])])
  for (let round = 1; round <= rounds; round += 1) {
    const nothing = await costOf(admin, () => many((nth) => admin.evalsha(sha, 1, `bench${nth}`)))
    costs.get('nothing')?.push(nothing.cost)
    for (const shape of shapes) {
      const { cost, answers } = await costOf(admin, () => spendMany(store, shape, `r${round}`))
      costs.get(shape.name)?.push(cost)
      await settle(store, answers)
    }
    const words = [...costs].map(([name, samples]) => `${name} ${samples.at(-1)?.redisUs.toFixed(1)} µs`)
    process.stdout.write(`round ${round}: ${words.join('  ')}\n`)
  }
  const samplesOf = (name: string): readonly Cost[] => costs.get(name) ?? []
  const nothing = samplesOf('nothing')
  const figures = shapes.flatMap(({ name }) => {
    const samples = samplesOf(name)
    const ratios = samples.map(({ redisUs }, round) => redisUs / (nothing[round]?.redisUs ?? Number.NaN))
    return [
      figureOf(
        `spend.redis_us.${name}`,
        'us',
        samples.map(({ redisUs }) => redisUs),
      ),
      figureOf(`spend.ratio.${name}`, 'ratio', ratios),
      figureOf(
        `spend.calls.${name}`,
        'calls',
        samples.map(({ calls }) => calls),
      ),
    ]
  })
  return [
    ...figures,
    figureOf(
      'spend.redis_us.nothing',
      'us',
      nothing.map(({ redisUs }) => redisUs),
    ),
  ]
}

/** By Redis's own count of processor time and of scripts. */
async function costOf<T>(admin: Redis, work: () => Promise<T>): Promise<{ readonly cost: Cost; readonly answers: T }> {
  await admin.config('RESETSTAT')
  const before = await cpuUs(admin)
  const answers = await work()
  const usedUs = (await cpuUs(admin)) - before
  const stats = await admin.info('commandstats')
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  const cost = { redisUs: usedUs / checksPerRound, calls: calls / checksPerRound }
  return { cost, answers }
}

async function cpuUs(admin: Redis): Promise<number> {
  const info = await admin.info('cpu')
  const seconds = ['user', 'sys'].map((kind) =>
    Number(new RegExp(`used_cpu_${kind}_main_thread:(\\S+)`).exec(info)?.[1]),
  )
  return 1_000_000 * seconds.reduce((left, right) => left + right, 0)
}

interface Spent {
  readonly request: SpendRequest
  readonly answer: SpendAnswer
}

function spendMany(store: RedisSpendStore, shape: Shape, round: string): Promise<readonly Spent[]> {
  return many(async (nth) => {
    const request = spendOf(shape, nth, round)
    return { request, answer: await store.spend(request) }
  })
}

/** Reports what was spent, so that each round meets a store like the one before. */
async function settle(store: RedisSpendStore, spent: readonly Spent[]): Promise<void> {
  const refused = spent.find(({ answer }) => answer.kind !== 'taken')
  if (refused !== undefined) throw new Error(`A spend was not taken: ${JSON.stringify(refused.answer)}`)
  for (const { request, answer } of spent) await store.report(reportOf(request, answer))
}

async function many<T>(work: (nth: number) => Promise<T>): Promise<readonly T[]> {
  const done: T[] = []
  for (let from = 0; from < checksPerRound; from += inFlight) {
    const together = Math.min(inFlight, checksPerRound - from)
    done.push(...(await Promise.all(Array.from({ length: together }, (_, more) => work(from + more)))))
  }
  return done
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
