import { Agenda } from '../core/agenda.ts'
import { lateReportsMs, nextSettling } from '../core/pack-schedule.ts'
import { isOvertaken, settlementOf, spanToSettle, unsettled, windowsToSettle } from '../core/pack-settlement.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Drainer } from './drainer.ts'
import { createLoop, type Loop } from './loop.ts'
import type { AccountPacks, PackBooks, PacksInForce } from './pack-ports.ts'

export interface PackSettlingOptions {
  /** Of accounts whose packs may have changed what they are now, so many accounts at a time: first of all that have packs. */
  readonly changes: (accountsMax: number) => readonly AccountPacks[]
  readonly books: PackBooks
  /** Books what a partition's stream holds, so that the figures know it. */
  readonly drain: Drainer
  /** The store's time: it decides which window a request belongs to. */
  readonly nowMs: () => number
  readonly observer: Observer
  /** Between two looks at what is due. */
  readonly everyMs: number
  /** Groups of one step. */
  readonly groupsMax: number
}

export const packSettlingDefaults = { everyMs: 250, groupsMax: 100 } as const

const batchesMax = 100
const retryMs = 1_000
/** Accounts of one look at what changed: their limits are resolved, which takes microseconds each. */
const accountsMax = 100

/**
 * Writes what packs paid of windows that are over, about a second after each is, and again as late reports may change it. At the start
 * everything is due once. Right at any time, however often and in however many processes: each settlement is made anew from the books.
 */
export function createPackSettling(options: PackSettlingOptions): Loop {
  const { observer, everyMs, groupsMax, nowMs } = options
  const turns = createTurns()
  let isStopping = false

  async function step(): Promise<number> {
    const changes = options.changes(accountsMax)
    for (const change of changes) turns.replace(change)
    const now = nowMs()
    const due = turns.due(now, groupsMax)
    const faults: unknown[] = []
    const isDrained = createDrained(options.drain)
    // First the others, should one fail or the ledger be behind.
    for (const turn of due) turns.put(turn, now + retryMs)
    for (const turn of due) {
      if (isStopping) break
      const { group } = turn
      try {
        if (!(await isDrained(group.subject.partition))) continue
        await settle(group, options)
        // From before the ledger was asked: what is booked since then is looked at again.
        turns.put(turn, nextOf(group, now))
      } catch (error) {
        faults.push(error)
      }
    }
    if (faults.length > 0) throw faults[0]
    return due.length === groupsMax || changes.length === accountsMax ? 0 : everyMs
  }

  const loop = createLoop({
    step,
    onFault: () => observer.count('pack_settling_failures_total'),
    log: { observer, failed: 'pack_settling_failed', again: 'pack_settling_again' },
    backoffMs: 250,
    backoffMsMax: 5_000,
  })
  return {
    ...loop,
    stop() {
      isStopping = true
      return loop.stop()
    },
  }
}

/** Each partition once, however many groups are in it, also when that fails. False: the ledger is far behind, so its figures are not yet those of the window. */
function createDrained(drain: Drainer): (partition: number) => Promise<boolean> {
  const drained = new Map<number, Promise<boolean>>()
  return (partition) => {
    const known = drained.get(partition) ?? drain(partition, { batchesMax }).then(({ isEmpty }) => isEmpty)
    drained.set(partition, known)
    return known
  }
}

/** As of the store's time once nobody else settles the same packs. */
async function settle(group: PacksInForce, { books, observer, nowMs }: PackSettlingOptions): Promise<void> {
  const changed = await books.settle(group, async (known, usedIn) => {
    const now = nowMs()
    const open = unsettled(known, now)
    if (open.length === 0 || isOvertaken(open, now)) return undefined
    const span = spanToSettle(open, now, group.windowAt)
    const windows = windowsToSettle(open, span, group.windowAt)
    const used = [...(await usedIn(windows.flatMap(({ parts }) => parts)))]
    const withUse = windows.map(({ window, parts }) => ({
      window,
      parts: parts.map((part) => ({ ...part, used: used.shift() ?? 0 })),
    }))
    return settlementOf(open, withUse, span)
  })
  if (changed) observer.count('packs_settled_total')
}

/** When something of the group is due next: windows it ran in that may still change, the running one, and the ends of its packs. */
function nextOf({ packs, windowAt }: PacksInForce, now: number): number {
  const startMs = packs.reduce((first, pack) => Math.min(first, pack.startMs), Number.POSITIVE_INFINITY)
  const ends: number[] = []
  for (let atMs = Math.max(startMs, now - lateReportsMs - 2 * retryMs); ; ) {
    const window = windowAt(atMs)
    if (packs.some((pack) => pack.startMs < window.endMs && pack.endMs > window.startMs)) ends.push(window.endMs)
    if (window.endMs > now) break
    atMs = window.endMs
  }
  return nextSettling(packs, ends, now) ?? Number.POSITIVE_INFINITY
}

/** A group, and when it has its turn; infinite: not until something changes. */
interface Turn {
  readonly group: PacksInForce
  dueMs: number
}

function createTurns() {
  const agenda = new Agenda<Turn>()
  const turnsOf = new Map<string, ReadonlyMap<string, Turn>>()

  function put(turn: Turn, dueMs: number): void {
    agenda.delete(turn.dueMs, turn)
    turn.dueMs = dueMs
    if (Number.isFinite(dueMs)) agenda.add(dueMs, turn)
  }

  return {
    put,
    /** They have no turn any more until it is `put`. */
    due: (untilMs: number, countMax: number): readonly Turn[] => agenda.take(untilMs, countMax),
    /** What is new has its turn at once. */
    replace({ account, groups }: AccountPacks): void {
      const old = turnsOf.get(account)
      const turns = new Map(groups.map((group) => [group.key, old?.get(group.key) ?? { group, dueMs: Number.NaN }]))
      for (const [key, turn] of old ?? []) if (!turns.has(key)) agenda.delete(turn.dueMs, turn)
      for (const turn of turns.values()) if (Number.isNaN(turn.dueMs)) put(turn, 0)
      if (turns.size === 0) turnsOf.delete(account)
      else turnsOf.set(account, turns)
    },
  }
}
