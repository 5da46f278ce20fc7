import { type ChargeRecord, remembered } from '../../src/core/charge-record.ts'
import { givenBackState, movedState, type RecordDecision } from '../../src/core/report-decision.ts'
import { type Subject, subjectName } from '../../src/core/subject.ts'
import type { SubjectState } from '../../src/core/subject-state.ts'
import { Slots } from '../../src/memory/slots.ts'
import type { SimStream } from './stream.ts'

export interface HeldSubject {
  readonly subject: Subject
  readonly state: SubjectState
}

/** What one partition of the simulated store holds. Values never change in place, so that a copy is cheap. */
export class StorePartition {
  readonly number: number
  readonly stream: SimStream
  subjects = new Map<string, HeldSubject>()
  records = new Map<string, ChargeRecord>()
  stale = new Map<string, Subject>()
  slots = new Slots()

  constructor(number: number, stream: SimStream) {
    this.number = number
    this.stream = stream
  }

  get epoch(): string {
    return this.stream.epoch
  }

  state(subject: Subject): SubjectState | undefined {
    return this.subjects.get(subjectName(subject))?.state
  }

  setState(subject: Subject, state: SubjectState): void {
    this.subjects.set(subjectName(subject), { subject, state })
  }

  pending(): ChargeRecord[] {
    return [...this.records.values()].filter(({ forgetAtMs }) => forgetAtMs === undefined)
  }

  /** Carries out a decision about one record; answers how many figures would have gone below 0. */
  apply(id: string, decision: RecordDecision, nowMs: number): number {
    const record = this.records.get(id)
    let clamps = 0
    for (const subject of decision.move?.subjects ?? []) {
      const state = this.state(subject)
      if (state === undefined || state.epoch !== this.epoch || decision.move === undefined || !record) continue
      const moved = movedState(state, decision.move.by, record)
      clamps += moved.clamps
      this.setState(subject, moved.state)
    }
    if (record !== undefined) this.#settle(record, decision, nowMs)
    if (decision.record === 'drop') this.records.delete(id)
    else if (decision.record !== 'keep') this.records.set(id, decision.record)
    for (const subject of decision.stale) this.stale.set(subjectName(subject), subject)
    if (decision.entry !== undefined) this.stream.append(decision.entry, nowMs)
    return clamps
  }

  #settle(record: ChargeRecord, decision: RecordDecision, nowMs: number): void {
    for (const slot of record.slots) {
      if (decision.slots === 'renew') this.slots.hold(record.id, slot, nowMs)
      else if (decision.slots === 'free') this.slots.free(record.id, slot)
    }
    if (decision.rates === 'keep') return
    for (const taken of record.paced?.rates ?? []) {
      const state = this.state(taken.subject)
      if (state) this.setState(taken.subject, givenBackState(state, taken, { at: record.at, nowMs }))
    }
  }

  /** What a key's expiry does: a settled record is gone after its time. */
  forget(nowMs: number): void {
    for (const [id, record] of this.records) if (remembered(record, nowMs) === undefined) this.records.delete(id)
  }

  /** As it is now, for a replica that lags. */
  copy(): StorePartition {
    const copy = new StorePartition(this.number, this.stream.copy())
    copy.subjects = new Map(this.subjects)
    copy.records = new Map(this.records)
    copy.stale = new Map(this.stale)
    return copy
  }

  /** Another life: counters are of an epoch that is over, what was open stays as old, and slots are gone. */
  begin(epoch: string, nowMs: number): void {
    this.stream.begin(epoch, nowMs)
    this.slots = new Slots()
  }
}
