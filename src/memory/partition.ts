import type { ChargeRecord, NewEntry } from '../core/charge-record.ts'
import { movedState, type RecordDecision } from '../core/report-decision.ts'
import { type Subject, subjectName } from '../core/subject.ts'
import { keptMs, type SubjectState } from '../core/subject-state.ts'
import { ChargeLog } from './charge-log.ts'

interface HeldState {
  readonly state: SubjectState
  readonly forgetAtMs: number
}

/** What one partition holds. Every method is synchronous: the caller's own synchronous section is the atomic step. */
export class Partition {
  readonly epoch: string
  readonly log: ChargeLog
  readonly #subjects = new Map<string, HeldState>()
  readonly #records = new Map<string, ChargeRecord>()
  /** Ids of records that still owe something to the stream. */
  readonly #pending = new Set<string>()
  readonly stale = new Map<string, Subject>()

  constructor(epoch: string) {
    this.epoch = epoch
    this.log = new ChargeLog(epoch)
  }

  state(subject: Subject, nowMs: number): SubjectState | undefined {
    const held = this.#subjects.get(subjectName(subject))
    return held === undefined || nowMs >= held.forgetAtMs ? undefined : held.state
  }

  setState(subject: Subject, state: SubjectState, nowMs: number): void {
    this.#subjects.set(subjectName(subject), { state, forgetAtMs: nowMs + keptMs(state, nowMs) })
  }

  record(id: string): ChargeRecord | undefined {
    return this.#records.get(id)
  }

  setRecord(record: ChargeRecord): void {
    this.#records.set(record.id, record)
    if (record.forgetAtMs === undefined) this.#pending.add(record.id)
    else this.#pending.delete(record.id)
  }

  forgetRecord(id: string): void {
    this.#records.delete(id)
    this.#pending.delete(id)
  }

  pendingRecords(): ChargeRecord[] {
    return [...this.#pending].flatMap((id) => this.#records.get(id) ?? [])
  }

  /** Overdue pending records, at most `countMax`, in the order they were made. */
  overdue(nowMs: number, countMax: number): ChargeRecord[] {
    const due: ChargeRecord[] = []
    for (const id of this.#pending) {
      if (due.length >= countMax) break
      const record = this.#records.get(id)
      if (record !== undefined && record.expiresAtMs <= nowMs) due.push(record)
    }
    return due
  }

  /** Carries out a decision about one record; answers the figures that would have gone below 0 and what to append. */
  apply(
    id: string,
    decision: RecordDecision,
    nowMs: number,
  ): { readonly clamps: number; readonly entry: NewEntry | undefined } {
    const record = this.#records.get(id)
    let clamps = 0
    for (const subject of decision.move?.subjects ?? []) {
      const state = this.state(subject, nowMs)
      if (state === undefined || decision.move === undefined || record === undefined) continue
      const moved = movedState(state, decision.move.by, record)
      clamps += moved.clamps
      this.setState(subject, moved.state, nowMs)
    }
    if (decision.record === 'drop') this.forgetRecord(id)
    else if (decision.record !== 'keep') this.setRecord(decision.record)
    for (const subject of decision.stale) this.stale.set(subjectName(subject), subject)
    return { clamps, entry: decision.entry }
  }

  /** Drops subjects that nothing was asked of for longer than they must be kept. */
  sweepSubjects(nowMs: number): void {
    for (const [name, held] of this.#subjects) if (nowMs >= held.forgetAtMs) this.#subjects.delete(name)
  }
}
