import type { NewAlertEvent } from '../core/alert-event.ts'
import { crossedLevels, levelKey } from '../core/alert-levels.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Observer } from '../telemetry/observer.ts'
import { levelEvents, recoveredEvent } from './level-events.ts'
import type { CounterLevels, EndedLevels, HeldLevels, LevelBooks, RenamedLevel } from './level-ports.ts'
import { createLooks, type Whose } from './looks.ts'
import { createLoop } from './loop.ts'
import type { StandingLevel } from './ports.ts'
import { limitsOver, type WatchedLimit, watchedLimits } from './watched-limits.ts'

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
  /** Looks at them soon, because their limits have changed, and again a little later. */
  recheck(whose: Whose): void
  /** What is due now, at once; for tests and for the end of a start. Throws what goes wrong. */
  once(): Promise<void>
  /** Finishes the page under way. */
  stop(): Promise<void>
}

const subjectsPerPage = 500
const countersPerPage = 2_000
const restMsMax = 60_000

/**
 * Holds the levels that stand against a changed policy: of a raised limit those that are no longer reached end, and one event says so; of a
 * lowered one those that are now reached are written. Looks again a little later, because what was under way when the limit changed may have
 * been held against the former one. Right at any time and however often, by any number of processes: the keys of events decide, and a level
 * ends once.
 */
export function createLevelPass(options: LevelPassOptions): LevelPass {
  const { books, policy, edges, observer, nowMs } = options
  const looks = createLooks()
  let lookedAtMs = nowMs()
  let isStopping = false

  async function once(): Promise<number> {
    const untilMs = nowMs()
    const { concerned, nextMs } = edges({ sinceMs: lookedAtMs, untilMs })
    looks.changed(concerned, untilMs)
    const whose = looks.take(untilMs)
    lookedAtMs = untilMs
    try {
      for await (const rows of pagesOf(books, { whose, nowMs: untilMs })) {
        const snapshot = policy()
        if (isStopping || snapshot === undefined) break
        const changes = changesOf(rows, { snapshot, nowMs: nowMs() })
        if (Object.values(changes).some((some) => some.length > 0)) await books.settle(changes)
      }
    } catch (error) {
      looks.due(whose)
      throw error
    }
    return Math.min(nextMs ?? Number.POSITIVE_INFINITY, looks.nextMs() ?? Number.POSITIVE_INFINITY)
  }

  const loop = createLoop({
    async step() {
      const nextMs = await once()
      return Math.max(1, Math.min(restMsMax, nextMs - nowMs()))
    },
    onFault: () => observer.count('level_pass_failures_total'),
    log: { observer, failed: 'level_pass_failed', again: 'level_passes_again' },
    backoffMs: 250,
    backoffMsMax: 5_000,
  })
  return {
    start() {
      looks.due('everybody')
      loop.start()
    },
    recheck(whose) {
      if (whose !== 'everybody' && whose.length === 0) return
      looks.changed(whose, nowMs())
      loop.wake()
    },
    once: async () => void (await once()),
    async stop() {
      isStopping = true
      await loop.stop()
    },
  }
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
  readonly renamed: readonly RenamedLevel[]
  readonly held: readonly HeldLevels[]
  readonly events: readonly NewAlertEvent[]
}

const noChanges: Changes = { ended: [], renamed: [], held: [], events: [] }

function changesOf(
  rows: readonly CounterLevels[],
  { snapshot, nowMs }: { readonly snapshot: Snapshot; readonly nowMs: number },
): Changes {
  const found = rows.flatMap((counter) => {
    const limits = limitsOver(watchedLimits(snapshot, { subject: counter.subject, atMs: nowMs }), counter)
    const byLimit = Map.groupBy(counter.standing, (level) => limitOf(level, limits))
    return [
      ended(byLimit.get(undefined) ?? []),
      ...limits.map((watched) => heldAgainst(watched, { counter, standing: byLimit.get(watched) ?? [] })),
    ]
  })
  return {
    ended: found.flatMap((one) => one.ended),
    renamed: found.flatMap((one) => one.renamed),
    held: found.flatMap((one) => one.held),
    events: found.flatMap((one) => one.events),
  }
}

/** The limit is gone, counts another way, or nobody is told of it any more: there is nothing to say. */
function ended(left: readonly StandingLevel[]): Changes {
  return { ...noChanges, ended: left.length === 0 ? [] : [{ ids: idsOf(left) }] }
}

/** By its name, and where no limit has it any more by its row, which may have been renamed. */
function limitOf(level: StandingLevel, limits: readonly WatchedLimit[]): WatchedLimit | undefined {
  const named = limits.find(({ limit }) => limit.name === level.limit)
  return named ?? limits.find(({ limit }) => limit.id === level.rule)
}

function heldAgainst(
  watched: WatchedLimit,
  { counter, standing }: { readonly counter: CounterLevels; readonly standing: readonly StandingLevel[] },
): Changes {
  const { name, amount } = watched.limit
  const amountBefore = standing.reduce((least, level) => Math.min(least, level.amount), amount)
  const crossed = crossedLevels({
    ...{ used: counter.used, amount, amountBefore, percents: watched.percents },
    standing: standing.map(({ percent }) => percent),
  })
  const use = { watched, counter }
  const over = standing.filter(({ percent }) => crossed.recovered.includes(percent))
  const { stays = [], isTwice = [] } = Object.groupBy(
    standing.filter((level) => !over.includes(level)),
    (level) => (isThereByName(level, { standing, name }) ? 'isTwice' : 'stays'),
  )
  const moved = stays.filter((level) => level.amount !== amount)
  const eventOf = (ids: readonly string[]) =>
    recoveredEvent(
      use,
      over.filter(({ id }) => ids.includes(id)),
    )
  return {
    ended: [...(over.length === 0 ? [] : [{ ids: idsOf(over), eventOf }]), ...ended(isTwice).ended],
    renamed: stays
      .filter(({ limit }) => limit !== name)
      .map(({ id, percent }) => ({ id, limit: name, key: levelKey({ ...counter, limit: name, percent }) })),
    // What it is next held against: or a raise of long ago would end it at the first correction.
    held: moved.length === 0 ? [] : [{ ids: idsOf(moved), amount }],
    events: levelEvents(use, crossed),
  }
}

/** A level by a former name that another process has written by the new one already. */
function isThereByName(
  { limit, percent }: StandingLevel,
  { standing, name }: { readonly standing: readonly StandingLevel[]; readonly name: string },
): boolean {
  return limit !== name && standing.some((other) => other.limit === name && other.percent === percent)
}

function idsOf(levels: readonly StandingLevel[]): readonly string[] {
  return levels.map(({ id }) => id)
}
