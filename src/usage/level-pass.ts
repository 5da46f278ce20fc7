import type { NewAlertEvent } from '../core/alert-event.ts'
import { crossedLevels } from '../core/alert-levels.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Subject } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import { levelEvents, recoveredEvent } from './level-events.ts'
import { createLoop } from './loop.ts'
import type { CounterLevels, EndedLevels, HeldLevels, LevelBooks, StandingLevel } from './ports.ts'
import { limitsOver, type WatchedLimit, watchedLimits } from './watched-limits.ts'

/** Whose levels are to be held against the policy in force. */
export type Whose = 'everybody' | readonly Subject[]

export interface LevelPassOptions {
  readonly books: LevelBooks
  readonly policy: () => Snapshot | undefined
  /** Whose limits rise or fall by a grant in this time, and when that happens next. */
  readonly edges: (time: { readonly sinceMs: number; readonly untilMs: number }) => {
    readonly concerned: Whose
    readonly nextMs: number | undefined
  }
  readonly observer: Observer
  readonly nowMs: () => number
}

export interface LevelPass {
  /** Begins with everybody, because nobody knows what changed meanwhile. */
  start(): void
  /** Looks at them again, soon. */
  recheck(whose: Whose): void
  /** What is due now, at once; for tests and for the end of a start. Throws what goes wrong. */
  once(): Promise<void>
  /** Finishes the page under way. */
  stop(): Promise<void>
}

const subjectsPerPage = 500
const countersPerPage = 2_000
const restMsMax = 60_000
const waitingMax = 10_000

/**
 * Holds the levels that stand against a changed policy: of a raised limit those that are no longer reached end, and one event says so; of a
 * lowered one those that are now reached are written. Right at any time and however often, by any number of processes: the keys of events
 * decide, and a level ends once.
 */
export function createLevelPass(options: LevelPassOptions): LevelPass {
  const { books, policy, edges, observer, nowMs } = options
  let waiting: Whose = []
  let lookedAtMs = nowMs()
  let isStopping = false

  const add = (whose: Whose): void => {
    waiting = together(waiting, whose)
  }

  async function once(): Promise<number | undefined> {
    const untilMs = nowMs()
    const { concerned, nextMs } = edges({ sinceMs: lookedAtMs, untilMs })
    const whose = together(waiting, concerned)
    waiting = []
    lookedAtMs = untilMs
    try {
      for await (const rows of pagesOf(books, { whose, nowMs: untilMs })) {
        const snapshot = policy()
        if (isStopping || snapshot === undefined) break
        const changes = changesOf(rows, { snapshot, nowMs: nowMs() })
        if (changes.ended.length + changes.held.length + changes.events.length > 0) await books.settle(changes)
      }
    } catch (error) {
      add(whose)
      throw error
    }
    return nextMs
  }

  const loop = createLoop({
    async step() {
      const nextMs = (await once()) ?? Number.POSITIVE_INFINITY
      return Math.max(1, Math.min(restMsMax, nextMs - nowMs()))
    },
    onFault: () => observer.count('level_pass_failures_total'),
    log: { observer, failed: 'level_pass_failed', again: 'level_passes_again' },
    backoffMs: 250,
    backoffMsMax: 5_000,
  })
  return {
    start() {
      add('everybody')
      loop.start()
    },
    recheck(whose) {
      if (whose !== 'everybody' && whose.length === 0) return
      add(whose)
      loop.wake()
    },
    once: async () => void (await once()),
    async stop() {
      isStopping = true
      await loop.stop()
    },
  }
}

function together(some: Whose, more: Whose): Whose {
  if (some === 'everybody' || more === 'everybody') return 'everybody'
  return some.length + more.length > waitingMax ? 'everybody' : [...some, ...more]
}

async function* pagesOf(books: LevelBooks, { whose, nowMs }: { readonly whose: Whose; readonly nowMs: number }) {
  if (whose !== 'everybody') {
    for (let from = 0; from < whose.length; from += subjectsPerPage) {
      yield await books.countersOf(whose.slice(from, from + subjectsPerPage), nowMs)
    }
    return
  }
  let after: string | undefined
  do {
    const page = await books.counters({ after, countMax: countersPerPage, nowMs })
    yield page.rows
    after = page.next
  } while (after !== undefined)
}

interface Changes {
  readonly ended: readonly EndedLevels[]
  readonly held: readonly HeldLevels[]
  readonly events: readonly NewAlertEvent[]
}

function changesOf(
  rows: readonly CounterLevels[],
  { snapshot, nowMs }: { readonly snapshot: Snapshot; readonly nowMs: number },
): Changes {
  const ended: EndedLevels[] = []
  const held: HeldLevels[] = []
  const events: NewAlertEvent[] = []
  for (const counter of rows) {
    const limits = limitsOver(watchedLimits(snapshot, { subject: counter.subject, atMs: nowMs }), counter)
    const names = new Set(limits.map(({ limit }) => limit.name))
    // The limit is gone, counts another way, or nobody is told of it any more: there is nothing to say.
    const left = counter.standing.filter(({ limit }) => !names.has(limit))
    if (left.length > 0) ended.push({ ids: left.map(({ id }) => id) })
    for (const watched of limits) {
      const standing = counter.standing.filter(({ limit }) => limit === watched.limit.name)
      const found = heldAgainst(watched, { counter, standing })
      ended.push(...found.ended)
      held.push(...found.held)
      events.push(...found.events)
    }
  }
  return { ended, held, events }
}

function heldAgainst(
  watched: WatchedLimit,
  { counter, standing }: { readonly counter: CounterLevels; readonly standing: readonly StandingLevel[] },
): Changes {
  const { amount } = watched.limit
  const amountBefore = standing.reduce((least, level) => Math.min(least, level.amount), amount)
  const crossed = crossedLevels({
    ...{ used: counter.used, amount, amountBefore, percents: watched.percents },
    standing: standing.map(({ percent }) => percent),
  })
  const use = { watched, counter }
  const over = standing.filter(({ percent }) => crossed.recovered.includes(percent))
  const moved = standing.filter((level) => !over.includes(level) && level.amount !== amount)
  const eventOf = (ids: readonly string[]) =>
    recoveredEvent(
      use,
      over.filter(({ id }) => ids.includes(id)),
    )
  return {
    ended: over.length === 0 ? [] : [{ ids: over.map(({ id }) => id), eventOf }],
    // What it is next held against: or a raise of long ago would end it at the first correction.
    held: moved.length === 0 ? [] : [{ ids: moved.map(({ id }) => id), amount }],
    events: levelEvents(use, crossed),
  }
}
