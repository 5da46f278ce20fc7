import type { Reservation, RollCall, Sweep } from '../../src/check/ports.ts'
import type { Checkpoint, Report, ReportAnswer, Seed } from '../../src/core/charge.ts'
import { isOfEpoch } from '../../src/core/checkpoint.ts'
import type { Line } from '../../src/core/limit.ts'
import { decideRoll, type Roll, type RollEvent } from '../../src/core/process-roll.ts'
import { decideRelease } from '../../src/core/release-decision.ts'
import { decideExpiry, decideReport, isEarly } from '../../src/core/report-decision.ts'
import { counterWindowOf, decideSeed } from '../../src/core/seed-decision.ts'
import type { PeekAnswer, SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import { decidePeek, decideSpend, type SpendView } from '../../src/core/spend-decision.ts'
import { planSpend, type SpendPlan } from '../../src/core/spend-plan.ts'
import { type Subject, subjectName } from '../../src/core/subject.ts'
import type { ChargeBatch, StaleSubject } from '../../src/usage/ports.ts'
import { StorePartition } from './store-partition.ts'
import { SimStream } from './stream.ts'

/** What the judge is told of, right after it happened. */
export interface StoreEvents {
  spent(request: SpendRequest, answer: SpendAnswer & { readonly kind: 'taken' }): void
  reported(report: Report, partition: number, answer: 'booked' | 'unrecorded'): void
  expired(id: string, partition: number): void
  clamped(by: string): void
  /** A roll call took the worst for true, or a sweep knew of none: what was refused is booked then. */
  doubted(): void
  /** The partitions have forgotten all that happened after `sinceMs`. */
  forgot(partitions: readonly StorePartition[], before: readonly StorePartition[]): void
}

/**
 * The store that all processes share: what `core` decides, in one step each, on the store's own clock. Beyond what a store should do it can
 * begin a new life, forget, and come back as an older copy of itself.
 */
export class StoreServer {
  readonly partitions = new Map<number, StorePartition>()
  readonly #clock: () => number
  readonly #events: StoreEvents
  #roll: Roll | undefined
  #lives = 0
  #copies: Map<number, StorePartition> | undefined

  readonly #isCounted: boolean

  constructor(clock: () => number, events: StoreEvents, { isCounted }: { readonly isCounted: boolean }) {
    this.#isCounted = isCounted
    this.#clock = clock
    this.#events = events
  }

  nowMs(): number {
    return Math.floor(this.#clock())
  }

  partition(number: number): StorePartition {
    let held = this.partitions.get(number)
    if (held === undefined) {
      held = new StorePartition(number, new SimStream(this.#epoch(number), this.#isCounted))
      this.partitions.set(number, held)
    }
    return held
  }

  spend(request: SpendRequest): SpendAnswer {
    const plan = planSpend(request)
    const nowMs = this.nowMs()
    const view = this.#view(request.id, plan, nowMs)
    const { answer, states, records, slots } = decideSpend(request, plan, view)
    for (const [index, state] of states.entries()) {
      const subject = plan.subjects[index]
      if (state && subject) this.partition(subject.partition).setState(subject, state)
    }
    for (const [index, record] of records.entries()) {
      this.partition(plan.partitions[index] ?? -1).records.set(record.id, record)
    }
    for (const slot of slots) this.partition(slot.subject.partition).slots.hold(request.id, slot, nowMs)
    if (answer.kind === 'taken' && records.length > 0) this.#events.spent(request, answer)
    return answer
  }

  peek(lines: readonly Line[]): PeekAnswer {
    const plan = planSpend({ lines, subjects: [] })
    return decidePeek(lines, plan, this.#view('', plan, this.nowMs()))
  }

  report(report: Report): ReportAnswer {
    const nowMs = this.nowMs()
    const views = report.partitions.map(({ partition }) => {
      const held = this.partition(partition)
      held.forget(nowMs)
      return { nowMs, partition, epoch: held.epoch, record: held.records.get(report.id) }
    })
    if (isEarly(report, views)) return 'early'
    const answers = views.map((view) => {
      const decision = decideReport(report, view)
      this.#clamped('report', this.partition(view.partition).apply(report.id, decision, nowMs))
      this.#events.reported(report, view.partition, decision.answer)
      return decision.answer
    })
    return answers.includes('unrecorded') ? 'unrecorded' : 'booked'
  }

  release({ id, partitions }: Reservation): readonly Subject[] {
    const nowMs = this.nowMs()
    return partitions.flatMap(({ partition }) => {
      const held = this.partition(partition)
      const record = held.records.get(id)
      const decision = decideRelease({ nowMs, partition, epoch: held.epoch, record })
      held.apply(id, decision, nowMs)
      return decision.slots === 'free' && record !== undefined ? record.slots.map(({ subject }) => subject) : []
    })
  }

  seed(seed: Seed): 'seeded' | 'behind' {
    const held = this.partition(seed.subject.partition)
    if (!held.stream.canSeedFrom(seed.checkpoint)) return 'behind'
    const name = subjectName(seed.subject)
    const decided = decideSeed(seed, {
      nowMs: this.nowMs(),
      epoch: held.epoch,
      state: held.state(seed.subject),
      stale: held.stale.has(name),
      entries: held.stream.after(seed.checkpoint, Number.POSITIVE_INFINITY),
      pending: held.pending(),
    })
    if (decided === undefined) return 'behind'
    this.#clamped('seed', decided.clamps)
    held.setState(seed.subject, decided.state)
    held.stale.delete(name)
    return 'seeded'
  }

  expire({ countMax, notAfterMs, brokeAtMs }: Sweep): number {
    const nowMs = this.nowMs()
    if (nowMs > notAfterMs) return 0
    if (brokeAtMs === Number.POSITIVE_INFINITY) this.#events.doubted()
    let count = 0
    for (const [partition, held] of this.partitions) {
      for (const record of held.pending()) {
        if (record.expiresAtMs > nowMs || count >= countMax) continue
        const decision = decideExpiry(record, { nowMs, partition, epoch: held.epoch, brokeAtMs })
        this.#clamped('expiry', held.apply(record.id, decision, nowMs))
        this.#events.expired(record.id, partition)
        count += 1
      }
    }
    return count
  }

  charges(from: {
    readonly partition: number
    readonly checkpoint: Checkpoint | undefined
    readonly countMax: number
  }): ChargeBatch {
    const { stream, epoch } = this.partition(from.partition)
    const entries = stream.after(from.checkpoint, from.countMax)
    const start = isOfEpoch(from.checkpoint, epoch) ? Number(from.checkpoint.position) : 0
    const position = entries.at(-1)?.position ?? String(Math.max(start, stream.last))
    return { partition: from.partition, epoch, entries, position }
  }

  waiting(checkpoints: readonly Checkpoint[]): readonly number[] {
    const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
    return [...this.partitions.values()]
      .filter(({ number, stream }) => stream.isBehind(known.get(number)))
      .map(({ number }) => number)
  }

  trim({ checkpoint, keepMs }: { readonly checkpoint: Checkpoint; readonly keepMs: number }): number {
    return this.partition(checkpoint.partition).stream.trim(checkpoint, this.nowMs() - keepMs)
  }

  stale(countMax: number): readonly StaleSubject[] {
    const found = [...this.partitions.values()].flatMap((held) =>
      [...held.stale.values()].map((subject) => {
        const state = held.state(subject)
        const quotas = state?.epoch === held.epoch ? state.quotas : []
        return { subject, counters: quotas.map(counterWindowOf) }
      }),
    )
    return found.slice(0, countMax)
  }

  roll(event: RollEvent): RollCall {
    const { roll, processes } = decideRoll(this.#roll, event, this.nowMs())
    if (roll.brokeAtMs !== this.#roll?.brokeAtMs) this.#events.doubted()
    this.#roll = roll
    return { processes, brokeAtMs: roll.brokeAtMs }
  }

  /** A replica stops following here. */
  remember(): void {
    this.#copies = new Map([...this.partitions].map(([number, held]) => [number, held.copy()]))
  }

  /** Restarted with all it had (`keep`), promoted from the replica that lags (`lag`), or empty (`wipe`): a new epoch everywhere. */
  restart(how: 'keep' | 'lag' | 'wipe'): void {
    const before = [...this.partitions.values()]
    if (how === 'wipe') this.partitions.clear()
    if (how === 'lag' && this.#copies !== undefined) {
      this.partitions.clear()
      for (const [number, copy] of this.#copies) this.partitions.set(number, copy)
    }
    this.#copies = undefined
    this.#roll = undefined
    this.#lives += 1
    for (const { number } of before) this.partition(number).begin(this.#epoch(number), this.nowMs())
    this.#events.forgot([...this.partitions.values()], before)
  }

  /** One partition alone begins a new epoch, as after a slot was lost. */
  wipe(number: number): void {
    const before = this.partition(number)
    this.partitions.delete(number)
    this.#lives += 1
    const after = this.partition(number)
    after.begin(this.#epoch(number), this.nowMs())
    this.#events.forgot([after], [before])
  }

  #epoch(partition: number): string {
    return `life${this.#lives}p${partition}`
  }

  #view(id: string, plan: SpendPlan, nowMs: number): SpendView {
    const held = plan.partitions.map((number) => this.partition(number))
    for (const partition of held) partition.forget(nowMs)
    return {
      nowMs,
      epochs: held.map(({ number, epoch }) => ({ partition: number, epoch })),
      records: held.map(({ records }) => records.get(id)),
      states: plan.subjects.map((subject) => this.partition(subject.partition).state(subject)),
      slotsOf: (subject, key) => this.partition(subject.partition).slots.of(subject, key),
    }
  }

  #clamped(by: string, clamps: number): void {
    if (clamps > 0) this.#events.clamped(by)
  }
}
