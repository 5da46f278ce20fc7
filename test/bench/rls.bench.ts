import { startRatelimit } from '../../scripts/servers/ratelimit.ts'
import { ratelimitBinary } from '../../scripts/servers/ratelimit-binary.ts'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { type Call, openLoadClient } from './support/grpc-load.ts'
import { closedLoop, type OpenLoopResult, openLoop } from './support/load.ts'
import { cpuMsOf, pin } from './support/processes.ts'
import { rlsFrames, rlsPath, rlsYaml, writeRlsPolicy } from './support/rls-shapes.ts'

const connections = 2
const inFlight = 64
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const slicesPerRound = 3
const warmCalls = 30_000
const sliceMs = 1_000
const pacedPerSecond = Number(process.env['BENCH_PACE'] ?? 3_000)
const pacedMs = 4_000

/** ShouldRateLimit with one and three descriptors beside grpc-js doing nothing, and beside envoyproxy/ratelimit where it can be had. */
export async function run(): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack()
  const world = await startBenchWorld(1)
  stack.defer(() => world.stop())
  await writeRlsPolicy(world.sql)
  const nothing = await contender(await world.serveNothing(rlsPath), world)
  const quiet = { TOLLGATE_ROLES: 'none', TOLLGATE_UNBOOKED: 'true', TOLLGATE_LOG_LEVEL: 'info' }
  const tollgate = await contender(await world.serve('redis', quiet), world)
  const reference = await startReference(stack)
  const contenders = { nothing, tollgate, ...(reference && { reference }) }
  stack.defer(async () => {
    for (const { close } of Object.values(contenders)) close()
  })
  for (const one of Object.values(contenders)) await warm(one)
  const figures = [...(await compare(contenders, 1)), ...(await compare(contenders, 3))]
  return reference === undefined ? figures : [...figures, ...(await pace(tollgate, reference))]
}

interface Contender {
  readonly call: Call
  readonly cpuMs: () => number
  readonly close: () => void
}

async function contender(target: string, world: BenchWorld): Promise<Contender> {
  const client = await openLoadClient(target, connections, rlsPath)
  return { call: allowed(client.call), cpuMs: () => world.cpuMs(target), close: client.close }
}

/** A server that refuses early would look fast: every answer must begin with `overall_code: OK`. */
function allowed(call: Call): Call {
  return (message) =>
    call(message).then((reply) => {
      if (reply[0] !== 8 || reply[1] !== 1) throw new Error(`Not let through: ${reply.toString('hex').slice(0, 80)}`)
      return reply
    })
}

/** Pinned like the others, one processor for Go, on a Redis of its own on the other core. */
async function startReference(stack: AsyncDisposableStack): Promise<Contender | undefined> {
  const binary = await ratelimitBinary()
  if (binary === undefined) {
    process.stdout.write('No Go and no RATELIMIT_BIN: nothing is measured against envoyproxy/ratelimit.\n')
    return undefined
  }
  const redis = await startRedis({ dataFolder: createScratchFolder('bench-ratelimit-redis') })
  stack.defer(() => redis.stop())
  await pin(redis.pid, 1)
  const server = await startRatelimit({
    ...{ binary, scratchFolder: createScratchFolder('bench-ratelimit'), files: { bench: rlsYaml } },
    ...{ redisAddress: `127.0.0.1:${redis.port}`, environment: { GOMAXPROCS: '1' } },
  })
  stack.defer(() => server.stop())
  await pin(server.pid, 0)
  const client = await openLoadClient(server.address, connections, rlsPath)
  return { call: allowed(client.call), cpuMs: () => cpuMsOf(server.pid), close: client.close }
}

/** Until every counter is there and the code is compiled: by calls, because a busy machine makes few of them in a second. */
async function warm({ call }: Contender): Promise<void> {
  for (const count of [1, 3] as const) {
    const next = nextOf(count)
    for (let nth = 0; nth < warmCalls; nth += inFlight) {
      await Promise.all(Array.from({ length: inFlight }, (_, more) => call(next(nth + more))))
    }
  }
}

const frames = { 1: rlsFrames(1), 3: rlsFrames(3) }

function nextOf(count: 1 | 3): (nth: number) => Uint8Array {
  return (nth) => frames[count][(nth * 7919) % frames[count].length] ?? Buffer.alloc(0)
}

type Name = 'nothing' | 'tollgate' | 'reference'
type Contenders = Readonly<Partial<Record<Name, Contender>>>
interface Speed {
  /** By the clock. */
  readonly perSecond: number
  /** By the processor time of the server alone. */
  readonly perCoreSecond: number
}

/** All in turn in slices of a second; the ratios are taken inside each round, so a slow spell of the machine meets all. */
async function compare(contenders: Contenders, count: 1 | 3): Promise<readonly Figure[]> {
  const measured: Record<Name, Speed[]> = { nothing: [], tollgate: [], reference: [] }
  for (let round = 1; round <= rounds; round += 1) {
    const sums: Record<Name, { calls: number; cpuMs: number }> = {
      ...{ nothing: { calls: 0, cpuMs: 0 }, tollgate: { calls: 0, cpuMs: 0 }, reference: { calls: 0, cpuMs: 0 } },
    }
    for (let slice = 0; slice < slicesPerRound; slice += 1) {
      for (const [name, one] of entriesOf(contenders)) {
        const beforeMs = one.cpuMs()
        sums[name].calls +=
          (await closedLoop(one.call, { inFlight, durationMs: sliceMs, next: nextOf(count) })) * (sliceMs / 1_000)
        sums[name].cpuMs += one.cpuMs() - beforeMs
      }
    }
    for (const [name] of entriesOf(contenders)) {
      const { calls, cpuMs } = sums[name]
      measured[name].push({
        perSecond: (calls * 1_000) / (slicesPerRound * sliceMs),
        perCoreSecond: (calls * 1_000) / cpuMs,
      })
    }
    const shown = entriesOf(contenders).map(([name]) => `${name} ${shownSpeed(measured[name].at(-1))}`)
    process.stdout.write(`${count} descriptors, round ${round}: ${shown.join('  ')}\n`)
  }
  return figuresOf(measured, count)
}

function entriesOf(contenders: Contenders): readonly (readonly [Name, Contender])[] {
  return Object.entries(contenders) as [Name, Contender][]
}

function shownSpeed(speed: Speed | undefined): string {
  return `${Math.round(speed?.perSecond ?? 0)}/s (${Math.round(speed?.perCoreSecond ?? 0)} per core second)`
}

function figuresOf(measured: Readonly<Record<Name, readonly Speed[]>>, count: 1 | 3): readonly Figure[] {
  const ratio = (of: Name, to: Name, by: keyof Speed): number[] =>
    measured[of].map((speed, round) => speed[by] / (measured[to][round]?.[by] ?? Number.NaN))
  const tollgate = (by: keyof Speed): number[] => measured.tollgate.map((speed) => speed[by])
  const figures = [
    figureOf(`rls.noop_ratio.${count}`, 'ratio', ratio('tollgate', 'nothing', 'perSecond')),
    figureOf(`rls.noop_core_ratio.${count}`, 'ratio', ratio('tollgate', 'nothing', 'perCoreSecond')),
    figureOf(`rls.per_s.${count}`, 'calls/s', tollgate('perSecond')),
    figureOf(`rls.per_core_s.${count}`, 'calls/s', tollgate('perCoreSecond')),
  ]
  if (measured.reference.length === 0) return figures
  return [
    ...figures,
    figureOf(`rls.reference_ratio.${count}`, 'ratio', ratio('tollgate', 'reference', 'perCoreSecond')),
  ]
}

/** Evenly paced calls with three descriptors, both servers in turn inside each round. */
async function pace(tollgate: Contender, reference: Contender): Promise<readonly Figure[]> {
  const runs: { readonly ours: OpenLoopResult; readonly theirs: OpenLoopResult }[] = []
  const load = { perSecond: pacedPerSecond, durationMs: pacedMs, next: nextOf(3) }
  for (let round = 1; round <= rounds; round += 1) {
    const ours = await openLoop(tollgate.call, load)
    const theirs = await openLoop(reference.call, load)
    runs.push({ ours, theirs })
    process.stdout.write(
      `${pacedPerSecond}/s, round ${round}: tollgate ${shownRun(ours)}  reference ${shownRun(theirs)}\n`,
    )
  }
  return [
    figureOf(
      'rls.reference_p50_ratio',
      'ratio',
      runs.map(({ ours, theirs }) => ours.p50 / theirs.p50),
    ),
    figureOf(
      'rls.reference_p999_ratio',
      'ratio',
      runs.map(({ ours, theirs }) => ours.p999 / theirs.p999),
    ),
    figureOf(
      'rls.p50_ms',
      'ms',
      runs.map(({ ours }) => ours.p50),
    ),
    figureOf(
      'rls.p999_ms',
      'ms',
      runs.map(({ ours }) => ours.p999),
    ),
  ]
}

function shownRun({ p50, p99, p999, failed }: OpenLoopResult): string {
  return `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} p99.9 ${p999.toFixed(2)} ms, ${failed} failed`
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
