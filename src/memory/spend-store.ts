import type { Reservation, SpendStore, Sweep } from '../check/ports.ts'
import type { ChargeEntry, Checkpoint, Report, ReportAnswer, Seed } from '../core/charge.ts'
import { owesMore, remembered } from '../core/charge-record.ts'
import { Fault } from '../core/fault.ts'
import type { Line } from '../core/limit.ts'
import { decideRelease } from '../core/release-decision.ts'
import { decideExpiry, decideReport, isEarly, type RecordDecision } from '../core/report-decision.ts'
import { decideSeed, seedBounds } from '../core/seed-decision.ts'
import type { PeekAnswer, SpendAnswer, SpendRequest } from '../core/spend.ts'
import { decidePeek, decideSpend, type SpendDecision, type SpendView } from '../core/spend-decision.ts'
import { planSpend, type SpendPlan } from '../core/spend-plan.ts'
import { partitionCount, type Subject, subjectName } from '../core/subject.ts'
import type { SubjectState } from '../core/subject-state.ts'
import type { Observer } from '../telemetry/observer.ts'
import type {
  ChargeBatch,
  ChargeJournal,
  ChargeStream,
  LeftCharges,
  StaleSubject,
  StreamSizes,
} from '../usage/ports.ts'
import { ForgetQueue } from './forget-queue.ts'
import { KeptCharges } from './kept-charges.ts'
import { Partition, type Tally } from './partition.ts'
import type { MemorySpendStoreOptions } from './spend-store-options.ts'

const chargesMaxDefault = 200_000
const heldMaxDefault = 500_000

/**
 * The in-process store: what `core` decides, over maps. Each start is a new epoch, so a restart forgets counters (cold, seeded from the
 * ledger); with a journal it appends anew, without difference, what the ledger may not have read, and books the reservations that were open
 * at their estimate. Promises resolve in the same turn; the synchronous part is the atomic step.
 * Fails with a `Fault` of code `store_unavailable` only when it is full.
 */
export function createMemorySpendStore(options: MemorySpendStoreOptions): SpendStore & ChargeStream {
  return new MemorySpendStore(options)
}

class MemorySpendStore implements SpendStore, ChargeStream {
  readonly #now: () => number
  readonly #epoch: string
  readonly #observer: Observer
  readonly #charges: KeptCharges
  readonly #recordsMax: number
  readonly #subjectsMax: number
  readonly #journal: ChargeJournal | undefined
  readonly #tally: Tally = { records: 0, subjects: 0 }
  readonly #partitions = new Map<number, Partition>()
  /** The same, by number. */
  readonly #held: (Partition | undefined)[] = Array.from({ length: partitionCount })
  readonly #forget = new ForgetQueue()
  #sweptPartition = 0

  constructor(options: MemorySpendStoreOptions) {
    this.#now = options.nowMs
    this.#epoch = options.randomText()
    this.#observer = options.observer
    this.#recordsMax = options.recordsMax ?? heldMaxDefault
    this.#subjectsMax = options.subjectsMax ?? heldMaxDefault
    this.#journal = options.journal
    this.#charges = new KeptCharges({
      ...{ partitions: this.#partitions, observer: this.#observer, journal: options.journal },
      ...{ chargesMax: options.chargesMax ?? chargesMaxDefault, areBooked: options.areBooked ?? true },
    })
    if (options.journal !== undefined) this.#takeOver(options.journal.left)
  }

  /** What earlier processes left: their records are gone, so no difference is known, and the ledger merges. */
  #takeOver({ entries, reservations }: LeftCharges): void {
    for (const { entry, appendedAt } of [...entries, ...reservations]) {
      const { difference: _, ...left } = entry
      const held = this.#partition(entry.partition)
      appendedAt(this.#charges.append(held, { ...left, epoch: this.#epoch }, this.#now()))
    }
  }

  nowMs(): number {
    return this.#now()
  }

  async spend(request: SpendRequest): Promise<SpendAnswer> {
    const plan = planSpend(request)
    const nowMs = this.#now()
    this.#tidy(nowMs)
    const decision = decideSpend(request, plan, this.#view(request.id, plan, nowMs))
    if (decision.records.length > 0) this.#checkRoomForRecords()
    if (decision.records.length > 0 && !this.#charges.haveRoom) throw this.#full('charges')
    this.#checkRoomForSubjects(plan.subjects, decision.states)
    this.#take(plan, decision, nowMs)
    for (const slot of decision.slots) this.#partition(slot.subject.partition).slots.hold(request.id, slot, nowMs)
    return decision.answer
  }

  async peek(lines: readonly Line[]): Promise<PeekAnswer> {
    const plan = planSpend({ lines, subjects: [] })
    return decidePeek(lines, plan, this.#view('', plan, this.#now()))
  }

  async report(report: Report): Promise<ReportAnswer> {
    const nowMs = this.#now()
    this.#tidy(nowMs)
    const views = report.partitions.map(({ partition }) => {
      const held = this.#partition(partition)
      return { nowMs, partition, epoch: held.epoch, record: held.record(report.id) }
    })
    if (isEarly(report, views)) return 'early'
    const isTaken = report.state === 'final' ? this.#journal?.settles : this.#journal?.accepts
    if (isTaken === false) throw this.#full('charges')
    const answers = views.map((view) => {
      const decision = decideReport(report, view)
      this.#apply(view.partition, { id: report.id, decision, nowMs })
      return decision.answer
    })
    return answers.includes('unrecorded') ? 'unrecorded' : 'booked'
  }

  async release({ id, partitions }: Reservation): Promise<readonly Subject[]> {
    const nowMs = this.#now()
    return partitions.flatMap(({ partition }) => {
      const held = this.#partition(partition)
      const record = held.record(id)
      const decision = decideRelease({ nowMs, partition, epoch: held.epoch, record })
      held.apply(id, decision, nowMs)
      return decision.slots === 'free' && record !== undefined ? record.slots.map(({ subject }) => subject) : []
    })
  }

  async seed(seed: Seed): Promise<'seeded' | 'behind'> {
    const nowMs = this.#now()
    const held = this.#partition(seed.subject.partition)
    if (!held.log.reachesBackTo(seed.checkpoint)) return 'behind'
    const seeded = decideSeed(seed, {
      nowMs,
      epoch: held.epoch,
      state: held.state(seed.subject, nowMs),
      stale: held.stale.has(subjectName(seed.subject)),
      entries: held.log.after(Number(seed.checkpoint.position), seedBounds.entriesMax + 1),
      pending: held.pendingRecords(seedBounds.pendingMax + 1),
    })
    if (seeded === undefined) return 'behind'
    this.#checkRoomForSubjects([seed.subject], [seeded.state])
    if (seeded.clamps > 0) this.#observer.count('store_negative_clamps_total', { by: 'seed' }, seeded.clamps)
    held.setState(seed.subject, seeded.state, nowMs)
    held.stale.delete(subjectName(seed.subject))
    return 'seeded'
  }

  async expire(sweep: Sweep): Promise<number> {
    const nowMs = this.#now()
    this.#tidy(nowMs)
    if (nowMs > sweep.notAfterMs) return 0
    let count = 0
    for (const [partition, held] of this.#partitions) {
      for (const record of held.overdue(nowMs, sweep.countMax - count)) {
        const decision = decideExpiry(record, { nowMs, partition, epoch: held.epoch, brokeAtMs: sweep.brokeAtMs })
        this.#apply(partition, { id: record.id, decision, nowMs })
        count += 1
      }
    }
    return count
  }

  async charges(from: {
    readonly partition: number
    readonly checkpoint: Checkpoint | undefined
    readonly countMax: number
  }): Promise<ChargeBatch> {
    const held = this.#partition(from.partition)
    const start = held.log.positionOf(from.checkpoint)
    const entries: readonly ChargeEntry[] = held.log.after(start, from.countMax)
    const position = entries.at(-1)?.position ?? String(Math.max(start, held.log.lastPosition))
    return { partition: from.partition, epoch: held.epoch, entries, position }
  }

  async waiting(checkpoints: readonly Checkpoint[]): Promise<readonly number[]> {
    const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
    return [...this.#partitions].flatMap(([partition, held]) => {
      const checkpoint = known.get(partition)
      if (checkpoint?.epoch === held.epoch) this.#journal?.booked(partition, Number(checkpoint.position))
      const isBehind = checkpoint?.epoch !== held.epoch || held.log.positionOf(checkpoint) < held.log.lastPosition
      return isBehind ? [partition] : []
    })
  }

  async sizes(checkpoints: readonly Checkpoint[]): Promise<StreamSizes> {
    const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
    let unread = 0
    for (const [partition, { log }] of this.#partitions) {
      unread += Math.max(0, Math.min(log.size, log.lastPosition - log.positionOf(known.get(partition))))
    }
    return { unread, held: this.#charges.size }
  }

  async trim(upTo: { readonly checkpoint: Checkpoint; readonly keepMs: number }): Promise<number> {
    const held = this.#partition(upTo.checkpoint.partition)
    const trimmed = held.log.trim(held.log.positionOf(upTo.checkpoint), this.#now() - upTo.keepMs)
    this.#charges.trimmed(trimmed)
    return trimmed
  }

  async stale(countMax: number): Promise<readonly StaleSubject[]> {
    const nowMs = this.#now()
    const found: StaleSubject[] = []
    for (const held of this.#partitions.values()) found.push(...held.staleSubjects(nowMs, countMax - found.length))
    return found
  }

  #partition(number: number): Partition {
    const known = this.#held[number]
    if (known !== undefined) return known
    const held = new Partition(number, this.#epoch, this.#tally)
    this.#held[number] = held
    this.#partitions.set(number, held)
    return held
  }

  #view(id: string, plan: SpendPlan, nowMs: number): SpendView {
    const held = plan.partitions.map((partition) => this.#partition(partition))
    return {
      nowMs,
      epochs: held.map((partition) => partition.where),
      records: held.map((partition) => partition.record(id)),
      states: plan.subjects.map((subject) => this.#partition(subject.partition).state(subject, nowMs)),
      slotsOf: (subject, key) => this.#partition(subject.partition).slots.of(subject, key),
    }
  }

  #take(plan: SpendPlan, decision: SpendDecision, nowMs: number): void {
    const { states, records } = decision
    for (let index = 0; index < states.length; index += 1) {
      const state = states[index]
      const subject = plan.subjects[index]
      if (state !== undefined && subject !== undefined)
        this.#partition(subject.partition).setState(subject, state, nowMs)
    }
    for (const [index, record] of records.entries()) {
      const partition = plan.partitions[index] ?? 0
      this.#partition(partition).setRecord(record)
      this.#journal?.reserved(partition, record)
    }
  }

  #apply(
    partition: number,
    of: { readonly id: string; readonly decision: RecordDecision; readonly nowMs: number },
  ): void {
    const held = this.#partition(partition)
    const before = held.record(of.id)
    const applied = held.apply(of.id, of.decision, of.nowMs)
    if (applied.clamps > 0) this.#observer.count('store_negative_clamps_total', { by: 'report' }, applied.clamps)
    const { entry } = applied
    const appended = entry && { entry, position: this.#charges.append(held, entry, of.nowMs) }
    const { record } = of.decision
    const forgetAtMs = typeof record === 'object' ? record.forgetAtMs : undefined
    if (forgetAtMs !== undefined) this.#forget.add(forgetAtMs, { partition, id: of.id })
    const isSettled = record === 'drop' || forgetAtMs !== undefined
    const charge = { partition, id: of.id, isSettled, ...(appended && { appended }) }
    if (isSettled || appended) this.#journal?.applied(charge)
    else if (typeof record === 'object' && owesMore(record, before)) this.#journal?.reserved(partition, record)
  }

  #checkRoomForRecords(): void {
    while (this.#tally.records >= this.#recordsMax || this.#forget.size >= 2 * this.#recordsMax) {
      const due = this.#forget.takeFirst()
      if (due === undefined) throw this.#full('reservations')
      for (const { partition, id } of due) {
        const held = this.#partition(partition)
        if (held.record(id)?.forgetAtMs !== undefined) held.forgetRecord(id)
      }
    }
  }

  #checkRoomForSubjects(subjects: readonly Subject[], states: readonly (SubjectState | undefined)[]): void {
    if (this.#tally.subjects < this.#subjectsMax) return
    const isNew = (subject: Subject, index: number): boolean =>
      states[index] !== undefined && !this.#partition(subject.partition).has(subject)
    if (subjects.some(isNew)) throw this.#full('subjects')
  }

  #full(of: 'reservations' | 'subjects' | 'charges'): Fault {
    this.#observer.count('store_full_total', { of })
    return new Fault('store_unavailable', `The in-process store is full of ${of}`, { transient: true })
  }

  /** Once a second: forgets what is due, and the idle subjects of one partition. */
  #tidy(nowMs: number): void {
    const due = this.#forget.due(nowMs)
    if (due === undefined) return
    for (const { partition, id } of due) {
      const held = this.#partition(partition)
      const record = held.record(id)
      if (record !== undefined && remembered(record, nowMs) === undefined) held.forgetRecord(id)
    }
    this.#partitions.get(this.#sweptPartition)?.sweepSubjects(nowMs)
    this.#sweptPartition = (this.#sweptPartition + 1) % partitionCount
  }
}
