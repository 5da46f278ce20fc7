import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../core/fault.ts'
import type { JsonReply } from '../grpc/json-rate-limit.ts'
import { migrate } from '../postgres/migrate.ts'
import type { Settings } from '../settings.ts'
import { createObserver } from '../telemetry/create-observer.ts'
import { createLog } from '../telemetry/log.ts'
import { mergeMetrics } from '../telemetry/merge-metrics.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { Observer } from '../telemetry/observer.ts'
import { openDatabase } from './database.ts'
import { keepServing, type Place } from './keep-serving.ts'
import { startOpsListener } from './ops-listener.ts'
import { createRateLimitPage } from './rate-limit-page.ts'
import { type ProcessEnd, startServingProcess } from './serving-process.ts'
import { socketPaths } from './sockets.ts'
import { listenToSignals } from './supervisor-signals.ts'

/** Failures in a row of one process, while none serves, after which nothing is tried any more. */
const failuresMax = 8
/** Beyond a process's own drain: what it may take to book and to close connections. */
const endMsMax = 15_000
/** Enough that the death of one leaves somebody to book; more would only add connections. */
const rolesProcesses = 2

interface Supervision {
  readonly settings: Settings
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly processes: number
}

/**
 * Runs `processes` processes that serve Envoy, one socket each, and answers for all of them on one ops listener. Who ends is started again.
 * SIGTERM or SIGINT drains all, a second one kills all; SIGHUP renews them one after the other, until a SIGTERM. Background roles run in the first two: ledgers take turns by row
 * locks, so that the second only shortens a gap.
 * Throws a `Fault`: `settings_invalid` without REDIS_URL; the last process's own when none can serve; `internal` when one did not end well.
 */
export async function supervise(given: Supervision): Promise<void> {
  const { settings, processes } = given
  if (settings.REDIS_URL === undefined) {
    throw new Fault(
      'settings_invalid',
      `serve --processes ${processes} needs REDIS_URL: several processes count together only in Redis`,
    )
  }
  const metrics = createMetrics()
  const log = createLog({ level: settings.TOLLGATE_LOG_LEVEL })
  const observer = createObserver({ log, metrics, nowMs: Date.now })
  const signals = listenToSignals()
  await using started = new AsyncDisposableStack()
  started.defer(() => observer.info('stopped'))
  const places: Place[] = []
  const warnings = new Set<string>()
  const ops = await startOpsListener({
    listen: settings.TOLLGATE_OPS_ADDRESS,
    metrics: { contentType: metrics.contentType, text: async () => metricsOf(places, await metrics.text()) },
    missing: () => missingOf(places, processes),
    warnings: async () => [...warnings, ...(await sentencesOf(places, 'warnings'))],
    posts: {
      '/json': createRateLimitPage({ trustsPeers: settings.TOLLGATE_INSECURE_PEERS, ask: askOneOf(places) }),
    },
  })
  started.defer(() => ops.close())
  observer.info('ops_listening', { ...ops.address })
  const lost = Promise.withResolvers<Fault>()
  const database = await openDatabase(settings, { observer, warnings, onLost: lost.resolve })
  started.defer(() => database.close())
  if (database.isEmbedded) await migrate(database.url, observer)
  const gaveUp = startPlaces(places, { ...given, observer, databaseUrl: database.url })
  signals.onRenew(() => renewAll(places, { observer, isEnding: signals.isEnding }))
  const fault = await Promise.race([gaveUp, lost.promise, signals.ending])
  observer.info('stopping')
  await endAll(places, { settings, isHurried: signals.hurried })
  if (fault instanceof Fault) throw fault
  await expectOrderly(places)
}

interface Placing extends Supervision {
  readonly observer: Observer
  readonly databaseUrl: string
}

/** Resolves with a fault when there is no hope. */
function startPlaces(places: Place[], given: Placing): Promise<Fault> {
  const { settings, processes, observer } = given
  const gaveUp = Promise.withResolvers<Fault>()
  const onFailed = (end: ProcessEnd, failures: number): boolean => {
    const isWrong = end.code === 2
    if (!isWrong && (failures < failuresMax || places.some(({ isReady }) => isReady()))) return false
    const code = isWrong ? 'settings_invalid' : 'internal'
    gaveUp.resolve(
      new Fault(
        code,
        `The serving processes end as soon as they start (${shownEnd(end)}): their own last words say why`,
      ),
    )
    return true
  }
  for (const [index, socket] of socketPaths(settings, processes).entries()) {
    const start = () =>
      startServingProcess({
        program: process.argv[1] ?? '',
        name: String(index),
        environment: environmentOf(given, { index, socket }),
      })
    places.push(keepServing({ name: String(index), start, observer, nowMs: () => performance.now(), onFailed }))
  }
  return gaveUp.promise
}

function environmentOf({ settings, environment, databaseUrl }: Placing, place: { index: number; socket: string }) {
  const { TOLLGATE_GRPC_ADDRESS: tcp, TOLLGATE_ROLES: roles } = settings
  const port = tcp === undefined || tcp.port === 0 ? 0 : tcp.port + place.index
  return {
    ...environment,
    DATABASE_URL: databaseUrl,
    TOLLGATE_GRPC_SOCKET: place.socket,
    TOLLGATE_ROLES: place.index < rolesProcesses ? roles.join() || 'none' : 'none',
    ...(tcp && { TOLLGATE_GRPC_ADDRESS: `${tcp.host.includes(':') ? `[${tcp.host}]` : tcp.host}:${port}` }),
  }
}

async function metricsOf(places: readonly Place[], own: string): Promise<string> {
  const parts = await Promise.all(
    places.map(async (place) => ({ process: place.name, text: (await place.current()?.ask('metrics')) ?? '' })),
  )
  return mergeMetrics([{ process: 'supervisor', text: own }, ...parts])
}

async function missingOf(places: readonly Place[], processes: number): Promise<readonly string[]> {
  return places.length < processes ? ['database'] : sentencesOf(places, 'missing')
}

/** Asks those that serve in turn; nothing when none does, or does not answer. */
function askOneOf(places: readonly Place[]): (body: Buffer) => Promise<JsonReply | undefined> {
  let turn = 0
  return async (body) => {
    const ready = places.filter(({ isReady }) => isReady())
    turn += 1
    const answer = await ready[turn % ready.length]?.current()?.ask('json', body.toString('base64'))
    return answer === undefined ? undefined : (JSON.parse(answer) as JsonReply)
  }
}

/** What each process says, with its name before it. */
async function sentencesOf(places: readonly Place[], about: 'missing' | 'warnings'): Promise<readonly string[]> {
  const each = await Promise.all(
    places.map(async (place) => {
      const answer = await place.current()?.ask(about)
      const sentences = answer === undefined ? ['does not answer'] : (JSON.parse(answer) as readonly string[])
      return sentences.map((sentence) => `process ${place.name}: ${sentence}`)
    }),
  )
  return each.flat()
}

/** One after the other, so that the others serve meanwhile. */
async function renewAll(
  places: readonly Place[],
  { observer, isEnding }: { readonly observer: Observer; readonly isEnding: () => boolean },
): Promise<void> {
  observer.info('renewing')
  for (const place of places) {
    if (isEnding()) return
    await place.renew()
  }
  if (!isEnding()) observer.info('renewed')
}

async function endAll(
  places: readonly Place[],
  { settings, isHurried }: { readonly settings: Settings; readonly isHurried: Promise<void> },
): Promise<void> {
  for (const place of places) {
    place.release()
    place.current()?.signal('SIGTERM')
  }
  const ended = new AbortController()
  const patience = delay(settings.TOLLGATE_DRAIN_MS + endMsMax, undefined, { signal: ended.signal }).catch(
    () => undefined,
  )
  const all = Promise.all(places.map((place) => place.ended))
  void Promise.race([patience, isHurried]).then(() => {
    for (const place of places) place.current()?.signal('SIGKILL')
  })
  await all
  ended.abort()
}

async function expectOrderly(places: readonly Place[]): Promise<void> {
  for (const place of places) {
    const end = await place.ended
    // One that had not begun to listen to signals had nothing to drain; one that served ignores all but the first.
    const isUnstarted = end.signal === 'SIGTERM' && !(await place.current()?.ready)
    if (end.code !== 0 && !isUnstarted)
      throw new Fault('internal', `Process ${place.name} did not end in order: ${shownEnd(end)}`)
  }
}

function shownEnd({ code, signal }: ProcessEnd): string {
  if (signal !== undefined) return `killed by ${signal}`
  return code === undefined ? 'could not be started' : `exit code ${code}`
}
