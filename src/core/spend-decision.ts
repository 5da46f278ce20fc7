import { type ChargeRecord, type PacedRate, remembered } from './charge-record.ts'
import type { Line, TimeRange } from './limit.ts'
import { type LookedLines, lookAtLines, paceMsOf, takenStates, windowOf } from './line-state.ts'
import { movedBy, type QuotaCounter, quotaKeptMs, rolledTo, shareOf, usedIn } from './quota-counter.ts'
import { type Slot, type SlotEnds, slotsTaken } from './slot.ts'
import type { LineState, PeekAnswer, SpendAnswer, SpendRequest } from './spend.ts'
import type { SpendPlan } from './spend-plan.ts'
import type { PartitionEpoch, Subject } from './subject.ts'
import { type SubjectState, stateInEpoch, withEntry } from './subject-state.ts'
import { holds } from './time-range.ts'

/** All that a spend may look at, as of one instant of the store's clock. */
export interface SpendView {
  readonly nowMs: number
  /** Epochs and this id's records, aligned with the plan's partitions. */
  readonly epochs: readonly PartitionEpoch[]
  readonly records: readonly (ChargeRecord | undefined)[]
  /** Aligned with the plan's subjects. */
  readonly states: readonly (SubjectState | undefined)[]
  /** The slots held under a cap in the epoch in force, by the cap's subject and counter key. */
  readonly slotsOf: (subject: Subject, key: string) => SlotEnds | undefined
}

/** The answer and, only when something was taken, the new states (undefined = unchanged) and records, aligned like the view. */
export interface SpendDecision {
  readonly answer: SpendAnswer
  readonly states: readonly (SubjectState | undefined)[]
  readonly records: readonly ChargeRecord[]
  /** Each is held by this id from now on, until now + its `slotMs`. */
  readonly slots: readonly Slot[]
}

/** The specification of `spend`: all lines or nothing. Every store decides as this does. */
export function decideSpend(request: SpendRequest, plan: SpendPlan, view: SpendView): SpendDecision {
  const { nowMs } = view
  if (nowMs > request.notAfterMs) return nothing({ kind: 'late', at: nowMs })
  const before = statesInEpoch(plan, view)
  const again = view.records.find((record) => remembered(record, nowMs) !== undefined)
  if (again !== undefined) return nothing(answerAgain(again, { request, plan, view, before }))
  if (!windowsHold(request.lines, nowMs)) return nothing({ kind: 'stale-windows', at: nowMs })
  const { slotsOf } = view
  const looked = lookAtLines(request.lines, { nowMs, states: before, lineSubjects: plan.lineSubjects, slotsOf })
  const cold = coldLines(looked.states)
  if (cold.length > 0 && request.cold === 'ask') return nothing({ kind: 'cold', at: nowMs, lines: cold })
  const refusal = longestWait(request.lines, looked.states)
  if (refusal !== undefined) return nothing({ kind: 'refused', at: nowMs, ...refusal, states: looked.states })
  return take(request, { plan, view, before, looked })
}

/** The specification of `peek`. */
export function decidePeek(lines: readonly Line[], plan: SpendPlan, view: Omit<SpendView, 'records'>): PeekAnswer {
  if (!windowsHold(lines, view.nowMs)) return { kind: 'stale-windows', at: view.nowMs }
  const states = statesInEpoch(plan, view)
  const { nowMs, slotsOf } = view
  const looked = lookAtLines(lines, { nowMs, states, lineSubjects: plan.lineSubjects, slotsOf })
  return { kind: 'seen', at: view.nowMs, states: looked.states }
}

function nothing(answer: SpendAnswer): SpendDecision {
  return { answer, states: [], records: [], slots: [] }
}

function statesInEpoch(plan: SpendPlan, view: Pick<SpendView, 'nowMs' | 'epochs' | 'states'>): SubjectState[] {
  const { partitions } = plan
  return plan.subjects.map((subject, index) => {
    const epoch = view.epochs[partitions.indexOf(subject.partition)]?.epoch ?? ''
    return stateInEpoch(view.states[index], epoch, view.nowMs)
  })
}

function windowsHold(lines: readonly Line[], nowMs: number): boolean {
  for (const line of lines) if (line.kind === 'quota' && windowOf(line, nowMs) === undefined) return false
  return true
}

function coldLines(states: readonly LineState[]): number[] {
  const cold: number[] = []
  for (let index = 0; index < states.length; index += 1) if (states[index]?.kind === 'cold') cold.push(index)
  return cold
}

/** The enforced line that does not fit, cannot be paced and waits longest; `never` beats all, the first of equals. */
function longestWait(
  lines: readonly Line[],
  states: readonly LineState[],
): { readonly line: number; readonly retryAfterMs: number | 'never' } | undefined {
  let longest: { readonly line: number; readonly retryAfterMs: number | 'never' } | undefined
  for (let line = 0; line < states.length; line += 1) {
    const state = states[line]
    if (state === undefined || state.kind === 'cold' || state.fits || lines[line]?.enforced !== true) continue
    if (paceMsOf(lines[line], state) !== undefined) continue
    if (longest === undefined || isLonger(state.retryAfterMs, longest.retryAfterMs)) {
      longest = { line, retryAfterMs: state.retryAfterMs }
    }
  }
  return longest
}

function isLonger(left: number | 'never', right: number | 'never'): boolean {
  return right !== 'never' && (left === 'never' || left > right)
}

interface Taking {
  readonly plan: SpendPlan
  readonly view: SpendView
  readonly before: readonly SubjectState[]
  readonly looked: LookedLines
}

function take(request: SpendRequest, taking: Taking): SpendDecision {
  const { plan, view, before, looked } = taking
  const after = before.map((state, subject) => takenState(request, state, { subject, plan, looked, nowMs: view.nowMs }))
  const moves = request.lines.map((line) => (line.kind === 'quota' ? moveOf(line, request) : 0))
  const paceMs = request.lines.reduce((longest, line, index) => {
    const state = looked.states[index]
    return Math.max(longest, (state && paceMsOf(line, state)) ?? 0)
  }, 0)
  const slots = slotsTaken(request.lines)
  return {
    answer: {
      kind: 'taken',
      at: view.nowMs,
      paceMs,
      epochs: view.epochs,
      states: takenStates(request.lines, looked.states, moves),
    },
    states: after.map((state, index) => (isEmpty(state) && view.states[index] === undefined ? undefined : state)),
    records: view.epochs.map((entry) => recordOf(request, plan, { entry, nowMs: view.nowMs, slots, paceMs, looked })),
    slots,
  }
}

function moveOf(line: Line, request: SpendRequest): number {
  if (line.kind === 'concurrency') return 0
  return line.surface === 'any' || line.surface === request.surface ? request.estimate[line.quantity] : 0
}

function isEmpty(state: SubjectState): boolean {
  return state.rates.length === 0 && state.quotas.length === 0
}

interface TakenFrom {
  readonly subject: number
  readonly plan: SpendPlan
  readonly looked: LookedLines
  readonly nowMs: number
}

function takenState(request: SpendRequest, state: SubjectState, of: TakenFrom): SubjectState {
  const { nowMs, looked } = of
  const quotas: QuotaCounter[] = []
  for (const counter of state.quotas) {
    const kept = takenCounter(counter, request, of)
    if (kept !== undefined) quotas.push(kept)
  }
  let rates = state.rates.filter((rate) => nowMs < rate.emptyAtMs)
  for (const entry of looked.charged) if (entry.subject === of.subject) rates = [...withEntry(rates, entry.rate)]
  return { epoch: state.epoch, halfFullAtMs: state.halfFullAtMs, rates, quotas }
}

function takenCounter(counter: QuotaCounter, request: SpendRequest, of: TakenFrom): QuotaCounter | undefined {
  const { nowMs } = of
  const share = shareOf(counter, request.surface, request.estimate)
  if (share === undefined) return nowMs < counter.current.endMs + quotaKeptMs ? counter : undefined
  const window = lineWindow(counter.key, request, of) ?? counter.current
  // Not counted in the running window: its figure for that window is unknown from here on, so it goes cold.
  if (!holds(window, nowMs) || usedIn(counter, window, nowMs) === undefined) return undefined
  return movedBy(rolledTo(counter, window), nowMs, share).counter
}

/** The running window as the first line that looks at the subject's counter has it. */
function lineWindow(key: string, request: SpendRequest, of: TakenFrom): TimeRange | undefined {
  const { keys } = of.looked
  for (let index = 0; index < keys.length; index += 1) {
    const line = request.lines[index]
    if (keys[index] !== key || line?.kind !== 'quota' || of.plan.lineSubjects[index] !== of.subject) continue
    return windowOf(line, of.nowMs)
  }
  return undefined
}

function recordOf(
  request: SpendRequest,
  plan: SpendPlan,
  of: {
    readonly entry: PartitionEpoch
    readonly nowMs: number
    readonly slots: readonly Slot[]
    readonly paceMs: number
    readonly looked: LookedLines
  },
): ChargeRecord {
  const { nowMs, paceMs } = of
  const { epoch, partition } = of.entry
  const isHere = ({ subject }: { readonly subject: Subject }): boolean => subject.partition === partition
  const isAll = plan.subjects.every((subject) => subject.partition === partition)
  const record: ChargeRecord = {
    id: request.id,
    at: nowMs,
    epoch,
    state: 'open',
    heard: false,
    booked: request.estimate,
    surface: request.surface,
    subjects: isAll ? plan.subjects : plan.subjects.filter((subject) => subject.partition === partition),
    home: request.home,
    meta: request.meta,
    slots: of.slots.length === 0 ? of.slots : of.slots.filter(isHere),
    expiresAtMs: nowMs + request.expiresInMs,
  }
  return paceMs === 0 && request.isPart !== true
    ? record
    : { ...record, paced: { paceMs, rates: pacedRates(plan, of.looked).filter(isHere) } }
}

function pacedRates(plan: SpendPlan, looked: LookedLines): PacedRate[] {
  return looked.charged.flatMap(({ subject: index, rate: { key, debt, periodMs }, line: { amount }, taken }) => {
    const subject = plan.subjects[index]
    return subject === undefined ? [] : { subject, key, taken, debt, periodMs, amount }
  })
}

/** A second spend under one id: the first one's instant and epochs, and the lines as they are now. */
function answerAgain(
  record: ChargeRecord,
  of: {
    readonly request: SpendRequest
    readonly plan: SpendPlan
    readonly view: SpendView
    readonly before: readonly SubjectState[]
  },
): SpendAnswer {
  const lines = of.request.lines.map((line) => ({ ...line, hits: 0 }))
  const { nowMs, slotsOf } = of.view
  const looked = lookAtLines(lines, { nowMs, states: of.before, lineSubjects: of.plan.lineSubjects, slotsOf })
  const epochs = of.view.epochs.map((entry, index) => ({
    ...entry,
    epoch: of.view.records[index]?.epoch ?? entry.epoch,
  }))
  return { kind: 'taken', at: record.at, paceMs: record.paced?.paceMs ?? 0, epochs, states: looked.states }
}
