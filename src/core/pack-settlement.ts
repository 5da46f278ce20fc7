import type { TimeRange } from './limit.ts'
import { type PackPayment, partsOf, payFromPacks, type UsedPart } from './pack.ts'
import { figuresKeptMs, lateReportsMs } from './pack-schedule.ts'

/** A pack as the books know it; amounts in the quota's code unit. */
export interface KnownPack extends TimeRange {
  readonly id: string
  readonly amount: number
  /** What went of it in windows that are over, as its row says. */
  readonly spent: number
  /** Windows that end here or earlier are settled for good. Absent: none is. */
  readonly finalUntilMs?: number
  /** As of when it was last settled; absent: it was not. */
  readonly settledToMs?: number
  /** What it was last found to have paid, by window. */
  readonly paid: readonly PackPayment[]
}

/** The use that is to be asked for before packs can be settled. */
export interface WindowParts {
  readonly window: TimeRange
  readonly parts: readonly TimeRange[]
}

/** What packs of one quota and account have paid. */
export interface Settlement {
  /** Those that were looked at. */
  readonly packs: readonly string[]
  /** Of each of them, in the windows from `fromMs` on. */
  readonly payments: readonly PackPayment[]
  /** What packs that ended within the running window paid of it: so much more the quota must have until that window is over. */
  readonly tails: readonly PackPayment[]
  readonly fromMs: number
  /** When this was so. */
  readonly atMs: number
  /** Windows that end here or earlier need not be looked at again. */
  readonly finalUntilMs: number
}

/** A clock that is set back so far is another one, and settles anew. */
const clockMsMax = 60_000

/** Whether somebody has settled one of them as of a later instant: what is known now is less than what is written. */
export function isOvertaken(packs: readonly KnownPack[], nowMs: number): boolean {
  return packs.some(({ settledToMs = nowMs }) => settledToMs > nowMs && settledToMs - nowMs < clockMsMax)
}

/** Packs of which nothing can change any more are left out. */
export function unsettled<P extends Omit<KnownPack, 'paid'>>(packs: readonly P[], nowMs: number): readonly P[] {
  return packs.filter(
    ({ startMs, endMs, finalUntilMs = startMs }) =>
      startMs <= nowMs && finalUntilMs < endMs && endMs > nowMs - figuresKeptMs,
  )
}

/** What is settled: all that was used from `fromMs` on, as it is known at `nowMs`. */
export interface Span {
  readonly fromMs: number
  readonly nowMs: number
}

/**
 * From when on these packs are to be settled at `nowMs`. When a window or a pack has ended since they last were, people wait for it: only from
 * the window on that ran then. Else everything that late reports may still have changed.
 */
export function spanToSettle(packs: readonly KnownPack[], nowMs: number, windowAt: (ms: number) => TimeRange): Span {
  const wholeMs = fromOf(packs, nowMs)
  const lastMs = packs.reduce((first, { settledToMs = wholeMs }) => Math.min(first, settledToMs), nowMs)
  const ran = windowAt(Math.max(lastMs, wholeMs))
  const isNews = [ran, ...packs].some(({ endMs }) => endMs > lastMs && endMs <= nowMs)
  return { fromMs: isNews ? Math.max(wholeMs, ran.startMs) : wholeMs, nowMs }
}

/**
 * The windows of a span in which these packs may have paid, in order of time, cut as `payFromPacks` needs them; of the running window only what lies
 * before `nowMs`, and only if a pack has ended in it. `windowAt` answers the quota's window that holds an instant.
 */
export function windowsToSettle(
  packs: readonly KnownPack[],
  { fromMs, nowMs }: Span,
  windowAt: (ms: number) => TimeRange,
): readonly WindowParts[] {
  const running = windowAt(nowMs)
  const wanted: WindowParts[] = []
  for (let atMs = fromMs; atMs < running.startMs; ) {
    const window = windowAt(atMs)
    wanted.push({ window, parts: partsOf(clipped(window, { startMs: fromMs, endMs: nowMs }), packs) })
    atMs = window.endMs
  }
  if (packs.some(({ endMs }) => endMs > running.startMs && endMs <= nowMs)) {
    wanted.push({ window: running, parts: partsOf(clipped(running, { startMs: fromMs, endMs: nowMs }), packs) })
  }
  return wanted.filter(({ parts }) => parts.length > 0)
}

/** What follows from the use in those windows; the same however often it is asked, whatever was settled before. */
export function settlementOf(
  packs: readonly KnownPack[],
  windows: readonly { readonly window: TimeRange; readonly parts: readonly UsedPart[] }[],
  { fromMs, nowMs }: Span,
): Settlement {
  const before = packs.map((pack) => ({ ...pack, rest: pack.amount - pack.spent + paidSince(pack, fromMs) }))
  const ends = new Map(packs.map(({ id, endMs }) => [id, endMs]))
  const isOver = ({ window, pack }: PackPayment) => window.endMs <= nowMs || (ends.get(pack) ?? nowMs) <= nowMs
  const payments = payFromPacks(before, windows).filter(isOver)
  const wholeMs = fromOf(packs, nowMs)
  const finals = windows.map(({ window }) => window.endMs).filter((endMs) => endMs <= nowMs - lateReportsMs)
  return {
    packs: packs.map(({ id }) => id),
    payments,
    tails: payments.filter(({ window }) => window.endMs > nowMs),
    fromMs,
    atMs: nowMs,
    // What lies before the span was not looked at.
    finalUntilMs: fromMs > wholeMs ? wholeMs : finals.reduce((last, endMs) => Math.max(last, endMs), fromMs),
  }
}

/** What `pack` was found to have paid in windows that end after an instant. */
function paidSince({ paid }: Pick<KnownPack, 'paid'>, fromMs: number): number {
  return paid.filter(({ window }) => window.endMs > fromMs).reduce((sum, one) => sum + one.paid, 0)
}

function fromOf(packs: readonly KnownPack[], nowMs: number): number {
  const starts = packs.map(({ startMs, finalUntilMs = startMs }) => Math.max(startMs, finalUntilMs))
  return Math.max(nowMs - figuresKeptMs, Math.min(nowMs, ...starts))
}

function clipped(range: TimeRange, { startMs, endMs }: TimeRange): TimeRange {
  return { startMs: Math.max(range.startMs, startMs), endMs: Math.min(range.endMs, endMs) }
}
