import { randomBytes } from 'node:crypto'
import type { HintStream, ProcessRoll, SpendStore, Sweep } from '../check/ports.ts'
import type { Report, ReportAnswer, Seed } from '../core/charge.ts'
import type { Line } from '../core/limit.ts'
import type { PeekAnswer, SpendAnswer } from '../core/spend.ts'
import { type PartOfSpend, planSpend } from '../core/spend-plan.ts'
import { partitionCount } from '../core/subject.ts'
import type { StoreExam } from '../doctor/ports.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ChargeStream } from '../usage/ports.ts'
import { encodeReport } from './charge-codec.ts'
import { RedisChargeStream } from './charge-stream.ts'
import { type Call, Connection, type RedisAccess } from './connection.ts'
import { createRedisHintStream } from './hint-stream.ts'
import { createRedisHitStore, type RedisHitStore } from './hit-store.ts'
import { createKeys, encodeCounterKey, encodeSubject, type PartitionKeys } from './keys.ts'
import { createRedisProcessRoll } from './process-roll.ts'
import { release } from './release.ts'
import { loadScripts, type ScriptName, type Scripts } from './scripts.ts'
import type { ServerFacts } from './server-facts.ts'
import { decodePeek, decodeSpend, encodePeek, encodeSpend } from './spend-codec.ts'
import { StoreClock } from './store-clock.ts'
import { createRedisStoreExam } from './store-exam.ts'

export interface RedisSpendStoreOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  /** More of ioredis's options: certificates, Sentinel. */
  readonly redis?: RedisAccess
  readonly observer: Observer
  readonly nowMs: () => number
  /** Begins every key and names the data format: `tg1:`. */
  readonly keyPrefix?: string
  /** Longest wait of a peek, report or seed (default 150 ms), and of a spend, which else waits as long as its `notAfterMs` lets it. */
  readonly commandTimeoutMs?: number
  /** Text that only this installation has. Data of another one under the same prefix is refused; absent: not compared. */
  readonly installation?: string
  /** Never writes of itself who counts here: for who only looks. */
  readonly isLookOnly?: boolean
  /** What lies here may be dropped: true where only hits are counted. */
  readonly mayEvict?: boolean
  /** Only tests: another text for `scripts/clock.lua`. */
  readonly clockScript?: string
  /**
   * Which partitions may stand in one call together when many are looked through. All of them, unless said otherwise: a node of a cluster
   * holds some, and takes only one at a time.
   */
  readonly groups?: () => readonly (readonly number[])[]
}

/** A spend store and charge stream in one Redis (or Valkey) of 7.0 or later with `noeviction`. */
export interface RedisSpendStore extends SpendStore, ChargeStream {
  /** `spend` of a part of a request. */
  spendPart(part: Pick<PartOfSpend, 'request' | 'plan'>): Promise<SpendAnswer>
  /**
   * Resolves when the first call is possible. @throws Fault `store_unavailable` when it is not within `waitMs` (default 2 s),
   * `wrong_store_format` when another release's data lies there.
   */
  ready(waitMs?: number): Promise<void>
  /** True when calls are possible now. */
  isReady(): boolean
  /** What the servers that were connected to last said of themselves. */
  facts(): readonly ServerFacts[]
  /** The processes that share this store. */
  readonly roll: ProcessRoll
  /** Looks without touching. */
  readonly exam: StoreExam
  /** What the processes on this Redis tell each other. */
  readonly hints: HintStream
  /** What descriptors count. */
  readonly hits: RedisHitStore
  /** Begins a new epoch in these partitions: counters are cold and seeded anew from the books. Twice is harmless. */
  renew(partitions: readonly number[]): Promise<void>
  close(): Promise<void>
}

const commandMsMax = 150
/** A spend that no limit insists on is let through unheard when Redis says nothing for so long to anyone. */
const spendSilentMsMax = 90
const sweepMsMax = 2_000

/**
 * Connects in the background and goes on for ever; meanwhile, and whenever Redis does not answer, every call fails with a `Fault` of code
 * `store_unavailable`. Each call is one EVALSHA (`expire`: one, and one more per partition with overdue reservations).
 */
export function createRedisSpendStore(options: RedisSpendStoreOptions): RedisSpendStore {
  const scripts = loadScripts(options.clockScript)
  const clock = new StoreClock(options.nowMs)
  const prefix = options.keyPrefix ?? 'tg1:'
  const connection = new Connection({
    ...options,
    isClusterNode: options.groups !== undefined,
    scripts,
    formatKey: `${prefix}meta`,
    randomText: () => randomBytes(9).toString('base64url'),
    onTime: (storeMs, sentMs) => clock.learn(storeMs, sentMs),
  })
  const keys = createKeys(prefix)
  const groups = options.groups ?? (() => [everyPartition])
  const spending = new RedisSpending({ options, scripts, connection, clock, keys, groups })
  const stream = new RedisChargeStream({ scripts, connection, keys, groups })
  return {
    spend: (request) => spending.spend({ request, plan: planSpend(request) }),
    spendPart: (part) => spending.spend(part),
    peek: (lines) => spending.peek(lines),
    report: (report) => spending.report(report),
    release: (reservation) =>
      release(reservation, { connection, scripts, keys, waitMs: options.commandTimeoutMs ?? commandMsMax }),
    seed: (seed) => spending.seed(seed),
    expire: (sweep) => spending.expire(sweep),
    nowMs: () => clock.nowMs(),
    charges: (from) => stream.charges(from),
    waiting: (checkpoints) => stream.waiting(checkpoints),
    sizes: (checkpoints) => stream.sizes(checkpoints),
    trim: (upTo) => stream.trim(upTo),
    stale: (countMax) => stream.stale(countMax),
    ready: (waitMs = sweepMsMax) => connection.ready(waitMs),
    isReady: () => connection.isReady,
    facts: () => (connection.facts === undefined ? [] : [connection.facts]),
    hits: createRedisHitStore({ connection, scripts, clock, keys, observer: options.observer, nowMs: options.nowMs }),
    hints: createRedisHintStream({ connection, scripts, key: keys[0]?.hints ?? '' }),
    roll: createRedisProcessRoll({ connection, scripts, key: keys[0]?.roll ?? '' }),
    exam: createRedisStoreExam({ connection, scripts, keys, nowMs: () => clock.nowMs() }),
    async renew(partitions) {
      for (const partition of partitions) {
        const { epoch = '', charges = '' } = keys[partition] ?? {}
        const { runId, fresh } = connection.caller()
        await connection.run(scripts.renew, { keys: [epoch, charges], args: [runId, fresh], waitMs: sweepMsMax })
      }
    },
    close: async () => connection.close(),
  }
}

interface Parts {
  readonly options: RedisSpendStoreOptions
  readonly scripts: Scripts
  readonly connection: Connection
  readonly clock: StoreClock
  readonly keys: readonly PartitionKeys[]
  readonly groups: () => readonly (readonly number[])[]
}

const everyPartition = Array.from({ length: partitionCount }, (_, partition) => partition)

class RedisSpending {
  readonly #parts: Parts
  readonly #waitMs: number
  readonly #spendMsMax: number
  readonly #silentMsMax: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.#waitMs = parts.options.commandTimeoutMs ?? commandMsMax
    this.#spendMsMax = parts.options.commandTimeoutMs ?? Number.POSITIVE_INFINITY
    this.#silentMsMax = parts.options.commandTimeoutMs ?? spendSilentMsMax
  }

  async spend({ request, plan }: Pick<PartOfSpend, 'request' | 'plan'>): Promise<SpendAnswer> {
    const { clock, connection, keys } = this.#parts
    const leftMs = request.notAfterMs - clock.nowMs()
    if (leftMs < 0) return { kind: 'late', at: clock.nowMs() }
    const encoded = encodeSpend(request, plan, { partitions: keys, caller: connection.caller() })
    const waitMs = Math.max(1, Math.min(this.#spendMsMax, leftMs))
    const isDispensable = !request.lines.some(({ enforced, posture }) => enforced && posture === 'deny')
    const silence = isDispensable ? { silentMsMax: this.#silentMsMax } : {}
    const reply = await this.#run('spend', { ...encoded, waitMs, ...silence })
    return decodeSpend(reply, request.lines, plan)
  }

  async peek(lines: readonly Line[]): Promise<PeekAnswer> {
    if (lines.length === 0) return { kind: 'seen', at: this.#parts.clock.nowMs(), states: [] }
    const plan = planSpend({ lines, subjects: [] })
    const caller = this.#parts.connection.caller()
    const encoded = encodePeek(lines, plan, { partitions: this.#parts.keys, caller })
    return decodePeek(await this.#run('peek', { ...encoded, waitMs: this.#waitMs }), lines)
  }

  async report(report: Report): Promise<ReportAnswer> {
    const encoded = encodeReport(report, this.#parts.keys, this.#parts.connection.caller())
    const [answer, , clamps] = (await this.#run('report', { ...encoded, waitMs: this.#waitMs })).split(' ')
    this.#countClamps(clamps, 'report')
    return answer === 'booked' || answer === 'early' ? answer : 'unrecorded'
  }

  async seed(seed: Seed): Promise<'seeded' | 'behind'> {
    const { connection, keys } = this.#parts
    const partition = keys[seed.subject.partition]
    if (seed.checkpoint === undefined || partition === undefined) return 'behind'
    const { runId, fresh } = connection.caller()
    const name = encodeSubject(seed.subject)
    const [answer, clamps] = (
      await this.#run('seed', {
        keys: [partition.epoch, partition.pending, partition.charges, partition.stale, partition.subjectPrefix + name],
        args: [
          ...[runId, fresh, seed.checkpoint.epoch, seed.checkpoint.position, name, partition.recordPrefix],
          ...seed.counters.map(
            (counter) => `${encodeCounterKey(counter)} ${counter.startMs} ${counter.endMs} ${counter.used}`,
          ),
        ],
        waitMs: this.#waitMs,
      })
    ).split(' ')
    this.#countClamps(clamps, 'seed')
    return answer === 'seeded' ? 'seeded' : 'behind'
  }

  /** Two steps: one call finds the partitions with overdue reservations, one call in each of them ends those. */
  async expire(sweep: Sweep): Promise<number> {
    const { connection, keys } = this.#parts
    const found = await Promise.all(this.#parts.groups().map((group) => this.#overdue(group)))
    const brokeAtMs = Math.min(Math.max(sweep.brokeAtMs, -1), Number.MAX_SAFE_INTEGER)
    let count = 0
    for (const number of found.flat()) {
      const partition = keys[number]
      if (partition === undefined || count >= sweep.countMax) break
      const { runId, fresh } = connection.caller()
      const { recordPrefix, subjectPrefix } = partition
      const bounds = [String(sweep.notAfterMs), String(sweep.countMax - count)]
      const reply = await this.#run('expire', {
        keys: [partition.epoch, partition.pending, partition.charges, partition.stale],
        args: [runId, fresh, ...bounds, recordPrefix, subjectPrefix, String(brokeAtMs)],
        waitMs: sweepMsMax,
      })
      const [ended, clamps] = reply.split(' ')
      count += Number(ended)
      this.#countClamps(clamps, 'report')
    }
    return count
  }

  /** Those of these partitions that have overdue reservations. */
  async #overdue(partitions: readonly number[]): Promise<readonly number[]> {
    const { keys } = this.#parts
    const pending = partitions.map((partition) => keys[partition]?.pending ?? '')
    const found = await this.#run('overdue', { keys: pending, args: [], waitMs: sweepMsMax })
    const words = found.split(' ').filter((word) => word !== '')
    return words.map((word) => partitions[Number(word) - 1] ?? -1)
  }

  async #run(name: ScriptName, call: Call): Promise<string> {
    const { connection, scripts, clock, options } = this.#parts
    const sentMs = options.nowMs()
    const reply = String(await connection.run(scripts[name], call))
    const storeMs = timedReplies.has(name) ? Number(reply.split(' ', 2)[1]) : undefined
    if (storeMs !== undefined && !clock.learn(storeMs, sentMs)) {
      options.observer.count('store_clock_set_back_total')
      options.observer.warn('store_clock_set_back', { to_ms: storeMs })
    }
    return reply
  }

  #countClamps(clamps: string | undefined, by: string): void {
    if (clamps === undefined || clamps === '0') return
    this.#parts.options.observer.count('store_negative_clamps_total', { by }, Number(clamps))
  }
}

/** Scripts that answer the store's time as their second word. */
const timedReplies: ReadonlySet<ScriptName> = new Set<ScriptName>(['spend', 'peek', 'report'])
