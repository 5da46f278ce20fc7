import type { ChargeEntry } from '../core/charge.ts'
import { quotaKey } from '../core/counter-key.ts'
import type { TimeRange } from '../core/limit.ts'
import { type WindowMemo, windowsAt } from '../core/quota-window.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { type Subject, subjectName } from '../core/subject.ts'
import { holds } from '../core/time-range.ts'
import type { SubjectCounter } from './ports.ts'
import { watchedLimits } from './watched-limits.ts'

/** Counters that one batch may have made; what is beyond, a later batch has made. */
const rowsMax = 1_000
/** What is forgotten is found to be there already, once. */
const knownMax = 200_000
const minuteMs = 60_000

/** Which counters of watched limits have a row in the books, as far as this process knows. */
export interface CounterRows {
  /** Those that these charges move and that are not known to have one; of windows that end after `sinceMs`. */
  wantedBy(
    entries: readonly ChargeEntry[],
    given: { readonly snapshot: Snapshot; readonly sinceMs: number },
  ): { readonly rows: readonly SubjectCounter[]; readonly kept: () => void }
}

/** For so long all counters of a subject are known to have their rows. */
interface Covered extends TimeRange {
  readonly snapshot: Snapshot
}

/**
 * A store asks for a counter's figures, and so gives it a row, only when it has never held it: a window that follows another begins in the
 * store alone. What is watched needs its row all the same. In the steady state each charge costs a look-up per subject.
 */
export function createCounterRows(): CounterRows {
  const known = new Set<string>()
  const covered = new Map<string, Covered>()
  const memo: WindowMemo = new Map()

  return {
    wantedBy(entries, { snapshot, sinceMs }) {
      const rows = new Map<string, SubjectCounter>()
      const covers = new Map<string, Covered>()
      for (const entry of entries) {
        for (const subject of entry.subjects) {
          if (subject.partition !== entry.partition || !isWatched(subject)) continue
          const name = `${subjectName(subject)} ${entry.meta.account}`
          const cover = covers.get(name) ?? covered.get(name)
          if (cover?.snapshot === snapshot && holds(cover, entry.at)) continue
          const counters = countersOf({ snapshot, subject, entry, memo })
          const missing = counters.filter(
            (one) => one.endMs > sinceMs && isOfWholeMinutes(one) && !known.has(keyOf(one)),
          )
          if (rows.size + missing.length > rowsMax) continue
          for (const one of missing) rows.set(keyOf(one), one)
          covers.set(name, coverOf(counters, snapshot))
        }
      }
      return {
        rows: [...rows.values()],
        kept() {
          if (known.size + rows.size > knownMax) known.clear()
          if (covered.size + covers.size > knownMax) covered.clear()
          for (const key of rows.keys()) known.add(key)
          for (const [name, cover] of covers) covered.set(name, cover)
        },
      }
    },
  }
}

function isWatched({ kind }: Subject): boolean {
  return kind !== 'address' && kind !== 'descriptor'
}

interface Charged {
  readonly snapshot: Snapshot
  readonly subject: Subject
  readonly entry: ChargeEntry
  readonly memo: WindowMemo
}

function countersOf({ snapshot, subject, entry, memo }: Charged): readonly SubjectCounter[] {
  const { account } = entry.meta
  const limits = watchedLimits(snapshot, { subject, account, atMs: entry.at })
  return limits.flatMap(({ limit, timeZone = snapshot.account(account)?.timeZone }) => {
    const { counts, window, surface } = limit
    if (counts === 'in_flight' || surface === 'api' || window === undefined || timeZone === undefined) return []
    const { current } = windowsAt(entry.at, { window, timeZone }, memo)
    return [{ subject, surface, quantity: counts, window, timeZone, startMs: current.startMs, endMs: current.endMs }]
  })
}

/** Without a watched limit: as long as the policy stays the same. */
function coverOf(counters: readonly SubjectCounter[], snapshot: Snapshot): Covered {
  return {
    snapshot,
    startMs: counters.reduce((last, { startMs }) => Math.max(last, startMs), Number.NEGATIVE_INFINITY),
    endMs: counters.reduce((first, { endMs }) => Math.min(first, endMs), Number.POSITIVE_INFINITY),
  }
}

function keyOf(counter: SubjectCounter): string {
  return `${subjectName(counter.subject)} ${quotaKey(counter)} ${counter.startMs}`
}

/** The ledger moves counters by the minute; no zone of today cuts a window within one. */
function isOfWholeMinutes({ startMs, endMs }: TimeRange): boolean {
  return startMs % minuteMs === 0 && endMs % minuteMs === 0
}
