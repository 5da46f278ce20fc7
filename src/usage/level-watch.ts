import { crossedLevels, isReached } from '../core/alert-levels.ts'
import type { ChargeEntry } from '../core/charge.ts'
import { forecastOf, toldByLevels } from '../core/forecast.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { createCounterRows } from './counter-rows.ts'
import { forecastEvent, type LimitUse, levelEvents } from './level-events.ts'
import type { BatchWatch, BookedCounter, LedgerWatch, LimitWindow, StandingLevel } from './ports.ts'
import { createRecentUse, type RecentUse } from './recent-use.ts'
import { limitsOver, watchedLimits } from './watched-limits.ts'

export interface LevelWatchOptions {
  /** Undefined while no policy is known: then nothing is watched. */
  readonly policy: () => Snapshot | undefined
  readonly nowMs: () => number
}

/** Windows that have been over for longer are told of no more. */
const toldAfterMs = 3_600_000
/** Limits in a window of which something was reached; those that are forgotten are looked up once more. */
const rememberedMax = 50_000

/** What could not be written goes with a later batch; beyond so many it waits until its counter moves again. */
const missedMax = 1_000

/** What of a limit in a window is known to be in the books. */
interface Told {
  readonly amount: number
  readonly percents: readonly number[]
  /** Highest level that was reached; 0: none. */
  readonly highest: number
  readonly isForecast: boolean
}

interface Reached extends LimitUse, Told {
  readonly name: LimitWindow
  readonly runsOutAtMs: number | undefined
}

/**
 * Finds the levels that charges cross. It remembers what it has seen reached, so that in the steady state nothing is asked or written; what it
 * does not know, after a start or a change of policy, it looks up among the levels that stand, and the unique key decides.
 */
export function createLevelWatch({ policy, nowMs }: LevelWatchOptions): LedgerWatch {
  const rows = createCounterRows()
  const told = new Map<string, Told>()
  const missed = new Map<string, BookedCounter>()
  let recent = createRecentUse(nowMs())
  let history = ''

  const isKnown = (key: string, now: Told): boolean => {
    const known = told.get(key)
    if (known?.amount !== now.amount || known.percents !== now.percents) return false
    return known.highest >= now.highest && (known.isForecast || !now.isForecast)
  }

  /** A level says enough: a forecast waits for a later batch. */
  const isCrossed = ({ name, highest }: Reached): boolean => highest > (told.get(keyOf(name))?.highest ?? 0)

  function remember({ name, amount, percents, highest, isForecast }: Reached): void {
    if (told.size >= rememberedMax) told.clear()
    told.set(keyOf(name), { amount, percents, highest, isForecast })
  }

  function inForce(): Snapshot | undefined {
    const snapshot = policy()
    // A restored database may lack events that were there.
    if (snapshot !== undefined && snapshot.history !== history) {
      told.clear()
      recent = createRecentUse(nowMs())
      history = snapshot.history
    }
    return snapshot
  }

  function batch(entries: readonly ChargeEntry[]): BatchWatch {
    const atStart = inForce()
    if (atStart === undefined) return nothing
    const wanted = rows.wantedBy(entries, { snapshot: atStart, sinceMs: nowMs() - toldAfterMs })
    const accounts = accountsOfTokens(entries)
    let found: readonly Reached[] = []
    let retried: readonly string[] = []
    return {
      rows: wanted.rows,
      reached(moved) {
        // Anew: the limits may have been raised while the batch was booked.
        const snapshot = inForce() ?? atStart
        const now = nowMs()
        const again = [...missed.keys()]
        const reached = [...missed.values(), ...moved]
          .filter(({ endMs }) => endMs > now - toldAfterMs)
          .flatMap((counter) => reachedOf(counter, { snapshot, nowMs: now, accounts, recent }))
          .map((one) => (isCrossed(one) ? { ...one, isForecast: false, runsOutAtMs: undefined } : one))
          .filter((one) => !isKnown(keyOf(one.name), one))
        // The later figures of a limit take the place of the earlier ones.
        found = [...new Map(reached.map((one) => [keyOf(one.name), one])).values()]
        retried = again
        return found.map(({ name }) => name)
      },
      events: (standing) => toldOf(found, standing),
      committed(kept) {
        if (kept.rows) wanted.kept()
        if (kept.events || found.length === 0) for (const key of retried) missed.delete(key)
        for (const one of found) {
          if (kept.events) remember(one)
          else if (missed.size < missedMax) missed.set(keyOf(one.name), one.counter)
        }
      },
    }
  }

  return { batch }
}

const nothing: BatchWatch = {
  rows: [],
  reached: () => [],
  events: () => ({ ended: [], events: [] }),
  committed: () => undefined,
}

interface Looking {
  readonly snapshot: Snapshot
  readonly nowMs: number
  /** By token. */
  readonly accounts: ReadonlyMap<string, string>
  readonly recent: RecentUse
}

/** Only limits of which a level is reached or a forecast can be made. A late entry is held against the amount its window ended with. */
function reachedOf(counter: BookedCounter, { snapshot, nowMs, accounts, recent }: Looking): readonly Reached[] {
  const { subject, used, startMs, endMs } = counter
  const account = subject.kind === 'token' ? accounts.get(subject.id) : undefined
  const whose = { subject, ...(account !== undefined && { account }), atMs: Math.min(nowMs, endMs - 1) }
  const limits = limitsOver(watchedLimits(snapshot, whose), counter)
  const before = limits.length === 0 ? undefined : recent.note(counter, nowMs)
  return limits.flatMap((watched) => {
    const { id: rule, name, amount } = watched.limit
    const highest = watched.percents.findLast((percent) => isReached({ used, amount }, percent)) ?? 0
    const runsOutAtMs = forecastOf({ used, amount, startMs, endMs, before }, nowMs)
    const isForecast = runsOutAtMs !== undefined
    if (highest === 0 && !isForecast) return []
    const { percents } = watched
    const window = { subject, limit: name, rule, startMs }
    return [{ watched, counter, amount, percents, highest, isForecast, runsOutAtMs, name: window }]
  })
}

/** Levels that were told of a smaller amount, before the limit was raised, say nothing of this one: what is reached of it is told anew. */
function toldOf(found: readonly Reached[], standing: readonly StandingLevel[]): ReturnType<BatchWatch['events']> {
  const standingOf = Map.groupBy(standing, keyOf)
  const each = found.map((one) => {
    const { overtaken = [], inForce = [] } = Object.groupBy(standingOf.get(keyOf(one.name)) ?? [], ({ amount }) =>
      amount < one.amount ? 'overtaken' : 'inForce',
    )
    const crossed = crossedLevels({
      ...{ used: one.counter.used, amount: one.amount, percents: one.percents },
      standing: inForce.map(({ percent }) => percent),
    })
    const isTold = inForce.some(({ percent }) => percent >= toldByLevels)
    const forecast = one.runsOutAtMs === undefined || isTold ? [] : [forecastEvent(one, one.runsOutAtMs)]
    const events = [...levelEvents(one, crossed), ...forecast]
    const ended = overtaken.filter((level) => events.some(({ percent }) => percent === level.percent))
    return { ended: ended.map(({ id }) => id), events }
  })
  return { ended: each.flatMap((one) => one.ended), events: each.flatMap((one) => one.events) }
}

function keyOf({ subject, limit, startMs }: LimitWindow): string {
  return `${subject.kind}:${subject.id} ${limit} ${startMs}`
}

function accountsOfTokens(entries: readonly ChargeEntry[]): ReadonlyMap<string, string> {
  return new Map(entries.map(({ meta }) => [meta.token, meta.account]))
}
