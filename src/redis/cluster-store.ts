import type { ProcessRoll, Reservation, Sweep } from '../check/ports.ts'
import type { Report, ReportAnswer } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { Line } from '../core/limit.ts'
import type { LineState, PeekAnswer } from '../core/spend.ts'
import { planSpend } from '../core/spend-plan.ts'
import type { Subject } from '../core/subject.ts'
import type { StaleSubject } from '../usage/ports.ts'
import { type At, createAt } from './at-master.ts'
import { sumOf } from './charge-stream.ts'
import { ClusterHits } from './cluster-hits.ts'
import { ClusterNodes, type ClusterNodesOptions } from './cluster-nodes.ts'
import { ClusterSpending } from './cluster-spending.ts'
import type { RedisSpendStore } from './spend-store.ts'

const readyMsMax = 2_000
const pauseMs = 50

/**
 * A spend store on a Redis Cluster: every partition lies in one slot, so departments spread over all masters. A request that touches several
 * partitions takes them one after the other, its home last, and gives the earlier ones back when a later one refuses: never over, briefly
 * under. `url` names one node, its parameter `also` more of them: `redis+cluster://one:6379?also=two:6379,three:6379`.
 */
export function createRedisClusterSpendStore(options: ClusterNodesOptions): RedisSpendStore {
  const { url, seeds } = readClusterUrl(options.url)
  return clusterStore(new ClusterNodes({ ...options, url }, seeds), options)
}

/** The plain URL of the first node, and `host:port` of all that are named. */
export function readClusterUrl(text: string): { readonly url: string; readonly seeds: readonly string[] } {
  const url = new URL(text.replace(/^(rediss?)\+cluster:/, '$1:'))
  const also = (url.searchParams.get('also') ?? '').split(',').filter((address) => address !== '')
  url.search = ''
  return { url: url.href, seeds: [`${url.hostname}:${url.port || '6379'}`, ...also] }
}

function clusterStore(nodes: ClusterNodes, { nowMs: localMs, observer }: ClusterNodesOptions): RedisSpendStore {
  const at = createAt(nodes)
  const nowMs = (): number => clockOf(nodes) ?? localMs()
  const spending = new ClusterSpending({ at, nowMs })
  return {
    spend: (request) => spending.spend(request),
    spendPart: (part) => at(part.plan.partitions[0] ?? 0, (store) => store.spendPart(part)),
    peek: (lines) => peek(lines, { at, nowMs }),
    report: (report) => reportEverywhere(report, { at, nowMs }),
    release: (reservation) => releaseEverywhere(reservation, at),
    seed: (seed) => at(seed.subject.partition, (store) => store.seed(seed)),
    expire: (sweep) => expireAll(nodes, { ...sweep, nowMs: nowMs() }),
    nowMs,
    charges: (from) => at(from.partition, (store) => store.charges(from)),
    trim: (upTo) => at(upTo.checkpoint.partition, (store) => store.trim(upTo)),
    waiting: async (checkpoints) => (await everywhere(nodes, (store) => store.waiting(checkpoints))).flat(),
    sizes: async (checkpoints) => sumOf(await everywhere(nodes, async (store) => store.sizes?.(checkpoints))),
    stale: async (countMax): Promise<readonly StaleSubject[]> =>
      (await everywhere(nodes, (store) => store.stale(countMax))).flat().slice(0, countMax),
    ready: (waitMs = readyMsMax) => untilReady(nodes, waitMs),
    isReady: () => nodes.isReady(),
    facts: () => nodes.all().flatMap((store) => store.facts()),
    hits: new ClusterHits({ at, nowMs, observer }),
    hints: {
      tell: (hints) => at(0, (store) => store.hints.tell(hints)),
      heard: (after) => at(0, (store) => store.hints.heard(after)),
    },
    roll: rollOf({ at, nowMs }),
    exam: {
      nowMs,
      servers: () => nodes.all().flatMap((store) => store.exam.servers()),
      partition: (partition, checkpoint) => at(partition, (store) => store.exam.partition(partition, checkpoint)),
      compare: (seed) => at(seed.subject.partition, (store) => store.exam.compare(seed)),
      held: (subject) => at(subject.partition, (store) => store.exam.held(subject)),
      pending: (subject, countMax) => at(subject.partition, (store) => store.exam.pending(subject, countMax)),
    },
    async renew(partitions) {
      for (const partition of partitions) await at(partition, (store) => store.renew([partition]))
    },
    close: () => nodes.close(),
  }
}

/** One clock for all: the first master's that can be asked. Times of other masters are translated (`ClusterSpending`). */
function clockOf(nodes: ClusterNodes): number | undefined {
  const stores = nodes.all()
  return (stores.find((store) => store.isReady()) ?? stores[0])?.nowMs()
}

async function peek(
  lines: readonly Line[],
  { at, nowMs }: { readonly at: At; readonly nowMs: () => number },
): Promise<PeekAnswer> {
  const states: LineState[] = lines.map(() => ({ kind: 'cold' }))
  let seenAt: number | undefined
  for (const partition of planSpend({ lines, subjects: [] }).partitions) {
    const indexes = lines.flatMap((line, index) => (line.subject.partition === partition ? [index] : []))
    const asked = lines.filter(({ subject }) => subject.partition === partition)
    const answer = await at(partition, (store) => store.peek(asked))
    if (answer.kind === 'stale-windows') return answer
    seenAt ??= answer.at
    for (const [place, index] of indexes.entries()) states[index] = answer.states[place] ?? { kind: 'cold' }
  }
  return { kind: 'seen', at: seenAt ?? nowMs(), states }
}

/** Every partition merges by itself, and merging twice is harmless: an early one makes the whole report come again. */
async function reportEverywhere(
  report: Report,
  { at, nowMs }: { readonly at: At; readonly nowMs: () => number },
): Promise<ReportAnswer> {
  const answers = await Promise.all(
    report.partitions.map((where) =>
      at(where.partition, (store) => {
        const { notAfterMs } = report
        const late = notAfterMs === undefined ? {} : { notAfterMs: Math.ceil(notAfterMs + store.nowMs() - nowMs()) }
        return store.report({ ...report, partitions: [where], ...late })
      }),
    ),
  )
  if (answers.includes('early')) return 'early'
  return answers.includes('unrecorded') ? 'unrecorded' : 'booked'
}

/** Every partition frees its own. */
async function releaseEverywhere({ id, partitions }: Reservation, at: At): Promise<readonly Subject[]> {
  const freed = partitions.map((where) => at(where.partition, (store) => store.release({ id, partitions: [where] })))
  return (await Promise.all(freed)).flat()
}

/** One roll, beside partition 0; its times are translated as all others are. */
function rollOf({ at, nowMs }: { readonly at: At; readonly nowMs: () => number }): ProcessRoll {
  return {
    beat: (beat) =>
      at(0, async (store) => {
        const { processes, brokeAtMs } = await store.roll.beat(beat)
        return { processes, brokeAtMs: Math.ceil(brokeAtMs + nowMs() - store.nowMs()) }
      }),
    leave: (beat) => at(0, (store) => store.roll.leave(beat)),
  }
}

async function expireAll(nodes: ClusterNodes, sweep: Sweep & { readonly nowMs: number }): Promise<number> {
  let left = sweep.countMax
  const expire = async (store: RedisSpendStore): Promise<void> => {
    if (left <= 0) return
    const aheadMs = store.nowMs() - sweep.nowMs
    const notAfterMs = Math.floor(sweep.notAfterMs + aheadMs)
    left -= await store.expire({ countMax: left, notAfterMs, brokeAtMs: Math.ceil(sweep.brokeAtMs + aheadMs) })
  }
  let turn = Promise.resolve()
  await everywhere(nodes, (store) => {
    const ended = turn.then(() => expire(store))
    turn = ended.catch(() => undefined)
    return ended
  })
  return sweep.countMax - left
}

/** What the masters that answer say; one that is away holds up no other. @throws the first failure when none answers. */
async function everywhere<T>(nodes: ClusterNodes, ask: (store: RedisSpendStore) => Promise<T>): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(nodes.all().map(ask))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) void nodes.refresh()
  const answers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (answers.length > 0) return answers
  const sentence = nodes.trouble ?? 'No master of the Redis Cluster is known'
  throw failed?.reason ?? new Fault('store_unavailable', sentence, { transient: true })
}

async function untilReady(nodes: ClusterNodes, waitMs: number): Promise<void> {
  const byMs = performance.now() + waitMs
  while (!nodes.isReady()) {
    if (performance.now() > byMs) {
      const sentence = nodes.trouble ?? `The Redis Cluster did not answer within ${waitMs} ms`
      throw new Fault('store_unavailable', sentence, { transient: true })
    }
    await nodes.refresh()
    if (nodes.isReady()) return
    await Promise.all([new Promise((resolve) => setTimeout(resolve, pauseMs)), ...nodes.all().map(refusedFormat)])
  }
}

/** @throws Fault `wrong_store_format`, which no waiting mends; what else keeps a master from being ready may pass. */
async function refusedFormat(store: RedisSpendStore): Promise<void> {
  await store.ready(pauseMs).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'wrong_store_format') throw error
  })
}
