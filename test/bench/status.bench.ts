import { findFreePort } from '../../src/postgres/free-port.ts'
import { checkFrame } from '../rpc/support/check-frame.ts'
import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { type LoadClient, openLoadClient } from './support/grpc-load.ts'
import { type HttpLoad, httpRequest, openHttpLoad } from './support/http-load.ts'
import { closedLoop, openLoop } from './support/load.ts'

const tokens = 1_000
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const inFlight = 32
const sliceMs = 1_500
const checksPerSecond = 1_000
const callsPerSecond = 500
const pacedMs = 4_000
const artifact = '/packages/57/89/demo_package-1.0-py3-none-any.whl'

/** How fast `/quota/status` is answered, by the API and by the gate, and what 500 calls of the API a second cost a Check beside them. */
export async function run(): Promise<readonly Figure[]> {
  const world = await startBenchWorld(tokens)
  try {
    await world.sql.query(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every) VALUES
      ('api', 'api-requests', 'rate', 'requests', 'account', 'api', 1000000, 1000000, '1 second')`)
    const ports = { nothing: await findFreePort(), portal: await findFreePort() }
    const quiet = { TOLLGATE_ROLES: 'none', TOLLGATE_UNBOOKED: 'true', TOLLGATE_LOG_LEVEL: 'info' }
    await world.serveHttpNothing(ports.nothing)
    const target = await world.serve('redis', { ...quiet, TOLLGATE_PUBLIC_ADDRESS: `127.0.0.1:${ports.portal}` })
    const clients = {
      nothing: await openHttpLoad(ports.nothing, inFlight),
      portal: await openHttpLoad(ports.portal, inFlight),
      gate: await openLoadClient(target, 2),
    }
    const figures = [...(await speeds(world, clients)), ...(await beside(world, clients))]
    for (const client of Object.values(clients)) client.close()
    return figures
  } finally {
    await world.stop()
  }
}

interface Clients {
  readonly nothing: HttpLoad
  readonly portal: HttpLoad
  readonly gate: LoadClient
}

type Way = keyof Clients

/**
 * All three in turn, so that a slow spell of the machine meets all; the ratio is taken inside each round. `per_core_s` counts by the processor
 * time that the server took, whoever else wanted its core meanwhile.
 */
async function speeds({ secrets, cpuMs }: BenchWorld, { nothing, portal, gate }: Clients): Promise<readonly Figure[]> {
  const requests = secrets.map((token) => httpRequest('GET /quota/status', token))
  const frames = secrets.map((token) =>
    checkFrame({ token, path: '/quota/status', extensions: { upstream: 'mirror' } }),
  )
  const of = (all: readonly Uint8Array[]) => (nth: number) => all[(nth * 7919) % all.length] ?? Buffer.alloc(0)
  const ways = {
    nothing: () => closedLoop(expectOk(nothing), { inFlight, durationMs: sliceMs, next: of(requests) }),
    portal: () => closedLoop(expectOk(portal), { inFlight, durationMs: sliceMs, next: of(requests) }),
    gate: () => closedLoop(gate.call, { inFlight, durationMs: sliceMs, next: of(frames) }),
  }
  const rates: Record<Way, number[]> = { nothing: [], portal: [], gate: [] }
  const perCore: number[] = []
  for (const way of Object.values(ways)) await way()
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of ['nothing', 'portal', 'gate'] as const) {
      const [beforeMs, startMs] = [cpuMs(), performance.now()]
      const rate = await ways[name]()
      rates[name].push(rate)
      if (name === 'portal') perCore.push((rate * (performance.now() - startMs)) / (cpuMs() - beforeMs))
    }
    const shown = Object.entries(rates).map(([name, all]) => `${name} ${Math.round(all.at(-1) ?? 0)}/s`)
    process.stdout.write(`round ${round}: ${shown.join('  ')}\n`)
  }
  const ratios = rates.portal.map((rate, round) => rate / (rates.nothing[round] ?? Number.NaN))
  return [
    figureOf('status.per_s', 'calls/s', rates.portal),
    figureOf('status.per_core_s', 'calls/s', perCore),
    figureOf('status.ratio', 'ratio', ratios),
    figureOf('status.gate.per_s', 'calls/s', rates.gate),
  ]
}

/** Checks at an even pace, alone and beside calls of the API, in turn within each round. */
async function beside({ secrets }: BenchWorld, { portal, gate }: Clients): Promise<readonly Figure[]> {
  const frames = secrets.map((token) => checkFrame({ token, path: artifact, extensions: { upstream: 'mirror' } }))
  const next = (nth: number): Uint8Array => frames[(nth * 7919) % frames.length] ?? Buffer.alloc(0)
  const calls = secrets.flatMap((token, nth) => mixed(nth).map((what) => httpRequest(what, token)))
  const call = (nth: number): Uint8Array => calls[(nth * 7919) % calls.length] ?? Buffer.alloc(0)
  const checks = () => openLoop(gate.call, { perSecond: checksPerSecond, durationMs: pacedMs, next })
  const traffic = () => openLoop(expectOk(portal), { perSecond: callsPerSecond, durationMs: pacedMs, next: call })
  await Promise.all([checks(), traffic()])
  const figures: Record<'alone' | 'with' | 'ratio', number[]> = { alone: [], with: [], ratio: [] }
  for (let round = 1; round <= rounds; round += 1) {
    const alone = await checks()
    const [both, api] = await Promise.all([checks(), traffic()])
    figures.alone.push(alone.p99)
    figures.with.push(both.p99)
    figures.ratio.push(both.p99 / alone.p99)
    const failed = alone.failed + both.failed + api.failed
    process.stdout.write(
      `round ${round}: Check p99 ${alone.p99.toFixed(2)} ms alone, ${both.p99.toFixed(2)} ms beside ${callsPerSecond} calls/s (their p99 ${api.p99.toFixed(2)} ms); ${failed} failed\n`,
    )
  }
  return [
    figureOf('status.check_p99_ratio', 'ratio', figures.ratio),
    figureOf('status.check_p99_ms.alone', 'ms', figures.alone),
    figureOf('status.check_p99_ms.with', 'ms', figures.with),
  ]
}

/** What people's programs ask: mostly how things stand, now and then what was used. */
function mixed(nth: number): readonly string[] {
  const usual = ['GET /quota/status', 'GET /api/me/limits', 'GET /quota/status', 'GET /api/me']
  return nth % 5 === 0 ? [...usual, 'GET /api/me/usage?by=day', 'GET /api/requests', 'GET /api/me/tokens'] : usual
}

function expectOk({ call }: HttpLoad): (request: Uint8Array) => Promise<Buffer> {
  return async (request) => {
    const status = await call(request)
    if (status !== 200) throw new Error(`The API answered ${status}`)
    return Buffer.alloc(0)
  }
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
