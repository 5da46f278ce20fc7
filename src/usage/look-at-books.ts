import type { CounterWindow } from '../core/charge.ts'
import type { Line, QuotaLine } from '../core/limit.ts'
import type { LineState } from '../core/spend.ts'
import { subjectName } from '../core/subject.ts'
import type { LedgerStore } from './ports.ts'

/**
 * What the books alone can say of a request's lines, for a process that cannot ask the store (it counts inside another one): quotas as
 * booked so far, without what is still open; rates are not in the books and stay `cold`.
 */
export async function lookAtBooks(
  store: LedgerStore,
  lines: readonly Line[],
  nowMs: number,
): Promise<readonly LineState[]> {
  return Promise.all(
    lines.map((line) => (line.kind === 'quota' ? quotaState(store, line, nowMs) : { kind: 'cold' as const })),
  )
}

async function quotaState(store: LedgerStore, line: QuotaLine, nowMs: number): Promise<LineState> {
  const { surface, quantity, window, timeZone, current, hits, amount } = line
  const counter: CounterWindow = { surface, quantity, window, timeZone, ...current }
  const seed = await store.figures(line.subject, [counter])
  const used = seed.counters[0]?.used
  if (used === undefined) throw new RangeError(`The books have no figure for ${subjectName(line.subject)}`)
  const fits = used + hits <= amount
  const wait = hits > amount ? 'never' : current.endMs - nowMs
  return { kind: 'quota', used, window: current, fits, retryAfterMs: fits ? 0 : wait }
}
