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
const accountsMax = 10_000
const minuteMs = 60_000
const timeMax = Date.UTC(9999, 11, 31)

/** Which counters of watched limits have a row in the books, as far as this process knows. */
export interface CounterRows {
  /** Those that these charges of one partition move and that are not known to have one; of windows that end after `sinceMs`. */
  wantedBy(
    entries: readonly ChargeEntry[],
    given: { readonly snapshot: Snapshot; readonly sinceMs: number },
  ): { readonly rows: readonly SubjectCounter[]; readonly kept: () => void }
}

/** For so long, and while the policy stays the same, all counters of these subjects of an account's charges are known to have their rows. */
interface Covered extends TimeRange {
  readonly subjects: readonly Subject[]
}

/**
 * A store asks for a counter's figures, and so gives it a row, only when it has never held it: a window that follows another begins in the
 * store alone. What is watched needs its row all the same. In the steady state each charge costs a look-up by its account.
 */
export function createCounterRows(): CounterRows {
  const known = new Set<string>()
  let policy: Snapshot | undefined
  /** By partition and account; of `policy`. */
  const covered = new Map<number, Map<string, Covered>>()
  const memo: WindowMemo = new Map()

  return {
    wantedBy(entries, { snapshot, sinceMs }) {
      if (snapshot !== policy) covered.clear()
      // A restored database may lack rows that were there.
      if (snapshot.history !== policy?.history) known.clear()
      policy = snapshot
      const rows = new Map<string, SubjectCounter>()
      const covers = new Map<string, Covered>()
      const partition = entries[0]?.partition ?? 0
      const before = covered.get(partition)
      for (const entry of entries.filter(isOfOurTime)) {
        const { account } = entry.meta
        const cover = covers.get(account) ?? before?.get(account)
        if (cover !== undefined && isCovered(entry, cover)) continue
        const counters = countersOf({ snapshot, entry, memo })
        const missing = counters.filter((one) => one.endMs > sinceMs && isOfWholeMinutes(one) && !known.has(keyOf(one)))
        if (rows.size + missing.length > rowsMax) continue
        for (const one of missing) rows.set(keyOf(one), one)
        covers.set(account, { subjects: entry.subjects, ...timeOf(counters) })
      }
      return {
        rows: [...rows.values()],
        kept() {
          if (known.size + rows.size > knownMax) known.clear()
          for (const key of rows.keys()) known.add(key)
          if (snapshot !== policy) return
          const after = covered.get(partition) ?? new Map<string, Covered>()
          if (after.size + covers.size > accountsMax) after.clear()
          for (const [account, cover] of covers) after.set(account, cover)
          covered.set(partition, after)
        },
      }
    },
  }
}

/** What lies beyond is never booked, and has no calendar. */
function isOfOurTime({ at }: ChargeEntry): boolean {
  return at >= 0 && at <= timeMax
}

function isCovered({ at, subjects }: ChargeEntry, cover: Covered): boolean {
  return (
    holds(cover, at) &&
    subjects.length === cover.subjects.length &&
    subjects.every((subject, place) => isSame(subject, cover.subjects[place]))
  )
}

function isSame(one: Subject, other: Subject | undefined): boolean {
  return one.id === other?.id && one.kind === other.kind && one.partition === other.partition
}

function isWatched({ kind }: Subject): boolean {
  return kind !== 'address'
}

interface Charged {
  readonly snapshot: Snapshot
  readonly entry: ChargeEntry
  readonly memo: WindowMemo
}

function countersOf({ snapshot, entry, memo }: Charged): readonly SubjectCounter[] {
  const { account } = entry.meta
  const subjects = entry.subjects.filter((subject) => subject.partition === entry.partition && isWatched(subject))
  return subjects.flatMap((subject) => {
    const limits = watchedLimits(snapshot, { subject, account, atMs: entry.at })
    return limits.flatMap(({ limit, timeZone = snapshot.account(account)?.timeZone }) => {
      const { counts, window, surface } = limit
      if (counts === 'in_flight' || surface === 'api' || window === undefined || timeZone === undefined) return []
      const { current } = windowsAt(entry.at, { window, timeZone }, memo)
      return [{ subject, surface, quantity: counts, window, timeZone, startMs: current.startMs, endMs: current.endMs }]
    })
  })
}

/** While none of the windows ends. Without a watched limit: as long as the policy stays the same. */
function timeOf(counters: readonly SubjectCounter[]): TimeRange {
  return {
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
