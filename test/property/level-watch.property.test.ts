import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewAlertEvent } from '../../src/core/alert-event.ts'
import type { LimitRule } from '../../src/core/limit.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createLevelPass } from '../../src/usage/level-pass.ts'
import type { LevelBooks } from '../../src/usage/level-ports.ts'
import { createLevelWatch } from '../../src/usage/level-watch.ts'
import type { BatchWatch, BookedCounter, StandingLevel } from '../../src/usage/ports.ts'
import { testDayMs } from '../support/charge-entries.ts'

const percents = [50, 80, 100]
const nowMs = testDayMs + 43_200_000
const subject = { kind: 'account', id: 'alice' } as const
const window = { surface: 'any', quantity: 'credits', window: 'day', timeZone: 'UTC' } as const
const day = { startMs: testDayMs, endMs: testDayMs + 86_400_000 }

/** A policy of one person and one limit, as far as levels ask for it. */
function policyOf(amount: number): Snapshot {
  const limit: LimitRule = {
    ...({ id: 'd', name: 'daily', kind: 'quota', counts: 'credits', per: 'account', surface: 'any', amount } as const),
    ...({ window: 'day', appliesTo: { kind: 'anyone' }, enforceAt: 'artifact', posture: 'local' } as const),
    ...{ shadow: false, refusesWith429: false },
  }
  const account = { ...subject, partition: 7, kind: 'person', role: 'member', project: 'p', plan: 'free' } as const
  const known: Partial<Snapshot> = {
    history: 'h',
    account: () => ({ ...account, timeZone: 'UTC', disabled: false }),
    project: () => undefined,
    limitsOf: () => [limit],
    alertPercentsFor: () => percents,
  }
  return known as Snapshot
}

/** What the database promises: a key stands once, and what has ended stays so. */
class Events implements LevelBooks {
  readonly rows: { readonly id: string; readonly event: NewAlertEvent; amount: number; hasEnded: boolean }[] = []
  used = 0

  add(events: readonly NewAlertEvent[]): number {
    const fresh = events.filter(({ key }) => !this.rows.some((row) => !row.hasEnded && row.event.key === key))
    for (const event of fresh)
      this.rows.push({ id: `e${this.rows.length}`, event, amount: event.limit?.amount ?? 0, hasEnded: false })
    return fresh.length
  }

  tell({ ended, events }: ReturnType<BatchWatch['events']> = { ended: [], events: [] }): void {
    for (const row of this.rows) row.hasEnded ||= ended.includes(row.id)
    this.add(events)
  }

  standing(): readonly StandingLevel[] {
    return this.rows.flatMap(({ id, event, amount, hasEnded }) => {
      if (hasEnded || event.type !== 'level') return []
      const { percent = 0 } = event
      return [{ id, subject, limit: 'daily', startMs: day.startMs, percent, amount }]
    })
  }

  counter(): BookedCounter {
    return { subject, ...window, ...day, used: this.used }
  }

  async countersOf() {
    return [{ ...this.counter(), standing: this.standing() }]
  }

  async counters() {
    return { rows: await this.countersOf() }
  }

  async settle({ ended, held, events }: Parameters<LevelBooks['settle']>[0]): Promise<number> {
    const told = ended.flatMap(({ ids, eventOf }) => {
      const done = this.rows.filter((row) => ids.includes(row.id) && !row.hasEnded)
      for (const row of done) row.hasEnded = true
      return (done.length > 0 ? eventOf?.(done.map(({ id }) => id)) : undefined) ?? []
    })
    for (const { ids, amount } of held) for (const row of this.rows) if (ids.includes(row.id)) row.amount = amount
    return this.add([...told, ...events])
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('charge' as const), by: fc.integer({ min: 1, max: 60 }), process: fc.nat({ max: 1 }) }),
  // The database refuses the events, or the process ends with its transaction.
  fc.record({ kind: fc.constant('missed' as const), by: fc.integer({ min: 1, max: 60 }), process: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('restart' as const), process: fc.nat({ max: 1 }) }),
  // A refund, and a change of policy that has nothing to do with it.
  fc.record({ kind: fc.constant('corrected' as const), by: fc.integer({ min: 1, max: 30 }) }),
  // `isLate`: the second process does not hear of it yet.
  fc.record({ kind: fc.constant('amount' as const), to: fc.integer({ min: 0, max: 300 }), isLate: fc.boolean() }),
  // It hears of it, and the pass looks again.
  fc.record({ kind: fc.constant('heard' as const) }),
)

test('whatever processes book, miss, end and start, and however the limit changes: what is reached stands once, and is told once for each raise', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
      const books = new Events()
      let snapshot = policyOf(100)
      const policy = (): Snapshot => snapshot
      let late = snapshot
      const start = (nth: number) => createLevelWatch({ policy: nth === 0 ? policy : () => late, nowMs: () => nowMs })
      const watches = [start(0), start(1)]
      const none = { concerned: [], nextMs: undefined }
      const pass = createLevelPass({ books, policy, edges: () => none, observer: silentObserver, nowMs: () => nowMs })
      let amount = 100
      let isMissed = false
      let [raises, looksAgain] = [0, 0]
      for (const one of steps) {
        // What the late process writes of a former amount is ended once more.
        looksAgain += Number(late !== snapshot)
        if (one.kind === 'corrected') {
          books.used = Math.max(0, books.used - one.by)
          pass.recheck('everybody')
          await pass.once()
          isMissed = false
        } else if (one.kind === 'amount') {
          raises += Number(one.to > amount)
          amount = one.to
          snapshot = policyOf(amount)
          if (!one.isLate) late = snapshot
          pass.recheck('everybody')
          await pass.once()
          isMissed = false
        } else if (one.kind === 'heard') {
          late = snapshot
          pass.recheck('everybody')
          await pass.once()
          isMissed = false
          expect(books.standing().filter((level) => level.amount !== amount)).toEqual([])
        } else if (one.kind === 'restart') watches[one.process] = start(one.process)
        else {
          books.used += one.by
          const batch = watches[one.process]?.batch([])
          const reached = batch?.reached([books.counter()]) ?? []
          const isWritten = one.kind === 'charge' && reached.length > 0
          if (isWritten) books.tell(batch?.events(books.standing()))
          batch?.committed({ rows: true, events: isWritten })
          const isLate = one.process === 1 && late !== snapshot
          if (one.kind === 'charge' && !isLate) {
            isMissed = false
            const former = books.standing().filter((level) => level.amount < amount)
            expect(former.filter(({ percent }) => amount > 0 && books.used * 100 >= percent * amount)).toEqual([])
          } else isMissed ||= reached.length > 0 || isLate
        }
        const stand = books.standing().map(({ percent }) => percent)
        expect(new Set(stand).size).toBe(stand.length)
        const due = percents.filter((percent) => amount > 0 && books.used * 100 >= percent * amount)
        if (!isMissed) expect(stand).toEqual(expect.arrayContaining(due))
      }
      const levels = books.rows.filter(({ event }) => event.type === 'level')
      for (const percent of percents) {
        const told = levels.filter(({ event }) => event.percent === percent)
        expect(told.slice(0, -1).every(({ hasEnded }) => hasEnded)).toBe(true)
      }
      const recovered = books.rows.filter(({ event }) => event.type === 'recovered')
      expect(recovered.length).toBeLessThanOrEqual(raises + looksAgain)
    }),
    { numRuns: 1_000 },
  )
})
