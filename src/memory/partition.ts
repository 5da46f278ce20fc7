import type { ChargeRecord, NewEntry } from '../core/charge-record.ts'
import { givenBackState, movedState, type RecordDecision } from '../core/report-decision.ts'
import { counterWindowOf, pendingKept } from '../core/seed-decision.ts'
import { type PartitionEpoch, type Subject, type SubjectKind, subjectName } from '../core/subject.ts'
import { keptMs, type SubjectState } from '../core/subject-state.ts'
import type { StaleSubject } from '../usage/ports.ts'
import { ChargeLog } from './charge-log.ts'
import { Slots } from './slots.ts'

/** How much all partitions of a store hold together; each keeps it up to date. */
export interface Tally {
  /** Pending and settled ones. */
  records: number
  subjects: number
}

interface HeldState {
  readonly state: SubjectState
  readonly forgetAtMs: number
}

/** What one partition holds. Every method is synchronous: the caller's own synchronous section is the atomic step. */
export class Partition {
  readonly epoch: string
  readonly log: ChargeLog
  readonly slots = new Slots()
  /** This partition and its epoch, as answers name them. */
  readonly where: PartitionEpoch
  /** By kind and id: a spend looks at each of its subjects twice, and joining a name costs more than looking. */
  readonly #subjects: Readonly<Record<SubjectKind, Map<string, HeldState>>> = {
    account: new Map(),
    project: new Map(),
    department: new Map(),
    token: new Map(),
    address: new Map(),
    everyone: new Map(),
  }
  /** Records that still owe something to the stream, in the order they were made; the others are settled. */
  readonly #pending = new Map<string, ChargeRecord>()
  readonly #settled = new Map<string, ChargeRecord>()
  readonly stale = new Map<string, Subject>()
  readonly #tally: Tally

  constructor(partition: number, epoch: string, tally: Tally) {
    this.epoch = epoch
    this.#tally = tally
    this.where = { partition, epoch }
    this.log = new ChargeLog(epoch)
  }

  state(subject: Subject, nowMs: number): SubjectState | undefined {
    const held = this.#subjects[subject.kind].get(subject.id)
    return held === undefined || nowMs >= held.forgetAtMs ? undefined : held.state
  }

  setState(subject: Subject, state: SubjectState, nowMs: number): void {
    const subjects = this.#subjects[subject.kind]
    const before = subjects.size
    subjects.set(subject.id, { state, forgetAtMs: nowMs + keptMs(state, nowMs) })
    this.#tally.subjects += subjects.size - before
  }

  /** Whether setting this subject's state makes no new one. */
  has(subject: Subject): boolean {
    return this.#subjects[subject.kind].has(subject.id)
  }

  record(id: string): ChargeRecord | undefined {
    return this.#pending.get(id) ?? this.#settled.get(id)
  }

  setRecord(record: ChargeRecord): void {
    const before = this.#pending.size + this.#settled.size
    if (record.forgetAtMs === undefined) {
      this.#pending.set(record.id, record)
      this.#settled.delete(record.id)
    } else {
      this.#settled.set(record.id, record)
      this.#pending.delete(record.id)
    }
    this.#tally.records += this.#pending.size + this.#settled.size - before
  }

  forgetRecord(id: string): void {
    if (this.#settled.delete(id)) this.#tally.records -= 1
    if (this.#pending.delete(id)) this.#tally.records -= 1
  }

  /** At most `countMax` of them, in the order they were made. */
  pendingRecords(countMax: number): ChargeRecord[] {
    return this.#pending.values().take(countMax).toArray()
  }

  /** Pending records that are overdue or, from the first on, more than a partition keeps; at most `countMax`, in the order they were made. */
  overdue(nowMs: number, countMax: number): ChargeRecord[] {
    const due: ChargeRecord[] = []
    let excess = this.#pending.size - pendingKept
    for (const record of this.#pending.values()) {
      if (due.length >= countMax) break
      if (record.expiresAtMs <= nowMs || excess > 0) due.push(record)
      excess -= 1
    }
    return due
  }

  /** At most `countMax` of those that must be recomputed, with the counters they hold. */
  staleSubjects(nowMs: number, countMax: number): StaleSubject[] {
    const stale = this.stale.values().take(Math.max(0, countMax)).toArray()
    return stale.map((subject) => ({
      subject,
      counters: (this.state(subject, nowMs)?.quotas ?? []).map(counterWindowOf),
    }))
  }

  /** Carries out a decision about one record; answers the figures that would have gone below 0 and what to append. */
  apply(
    id: string,
    decision: RecordDecision,
    nowMs: number,
  ): { readonly clamps: number; readonly entry: NewEntry | undefined } {
    const record = this.record(id)
    let clamps = 0
    for (const subject of decision.move?.subjects ?? []) {
      const state = this.state(subject, nowMs)
      if (state === undefined || decision.move === undefined || record === undefined) continue
      const moved = movedState(state, decision.move.by, record)
      clamps += moved.clamps
      this.setState(subject, moved.state, nowMs)
    }
    if (record !== undefined) this.#settle(record, decision, nowMs)
    if (decision.record === 'drop') this.forgetRecord(id)
    else if (decision.record !== 'keep') this.setRecord(decision.record)
    for (const subject of decision.stale) this.stale.set(subjectName(subject), subject)
    return { clamps, entry: decision.entry }
  }

  /** What a decision says about the record's slots and rates. */
  #settle(record: ChargeRecord, decision: RecordDecision, nowMs: number): void {
    for (const slot of record.slots) {
      if (decision.slots === 'renew') this.slots.hold(record.id, slot, nowMs)
      else if (decision.slots === 'free') this.slots.free(record.id, slot)
    }
    if (decision.rates === 'keep') return
    for (const taken of record.paced?.rates ?? []) {
      const state = this.state(taken.subject, nowMs)
      if (state !== undefined)
        this.setState(taken.subject, givenBackState(state, taken, { at: record.at, nowMs }), nowMs)
    }
  }

  /** Drops subjects that nothing was asked of for longer than they must be kept, and slots that ended. */
  sweepSubjects(nowMs: number): void {
    this.slots.sweep(nowMs)
    for (const subjects of Object.values(this.#subjects)) {
      const before = subjects.size
      for (const [id, held] of subjects) if (nowMs >= held.forgetAtMs) subjects.delete(id)
      this.#tally.subjects -= before - subjects.size
    }
  }
}
