import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Grant, raisedBy } from '../../src/core/grant.ts'
import type { LimitRule, TimeRange } from '../../src/core/limit.ts'
import type { PackPayment } from '../../src/core/pack.ts'
import {
  type KnownPack,
  settlementOf,
  spanToSettle,
  unsettled,
  windowsToSettle,
} from '../../src/core/pack-settlement.ts'
import { holds } from '../../src/core/time-range.ts'

/** A hundredth of a day: windows are days, so that those two days back are final while others are still settled. */
const unitMs = 864_000
const windowMs = 100 * unitMs
/** Longer after all of it than reports may be late. */
const endMs = 1_000 * unitMs
const instant = (most: number) => fc.nat(most).map((units) => units * unitMs)
const plan = 20
const name = 'daily'
const rule: LimitRule = {
  ...{ id: 'r', name, kind: 'quota', counts: 'requests', per: 'account', surface: 'any', amount: plan },
  ...{ enforceAt: 'artifact', posture: 'allow', shadow: false, refusesWith429: false, appliesTo: { kind: 'anyone' } },
}
const windowAt = (ms: number): TimeRange => {
  const startMs = Math.floor(ms / windowMs) * windowMs
  return { startMs, endMs: startMs + windowMs }
}

interface Asked {
  readonly atMs: number
  readonly hits: number
}
interface Bought extends TimeRange {
  readonly id: string
  readonly amount: number
}

const bought = fc
  .record({ startMs: instant(400), length: fc.integer({ min: 1, max: 300 }), amount: fc.integer({ min: 1, max: 40 }) })
  .map(({ startMs, length, amount }) => ({ startMs, endMs: startMs + length * unitMs, amount }))
const packs = fc
  .array(bought, { maxLength: 4 })
  .map((some) => some.map((one, place): Bought => ({ ...one, id: `p${place}` })))
const requests = fc
  .array(fc.record({ atMs: instant(600), hits: fc.integer({ min: 1, max: 12 }) }), { maxLength: 120 })
  .map((some) => some.sort((left, right) => left.atMs - right.atMs))

/** The definition: each request is paid from the packs that run, the one that ends first before the others, and only then from the plan. */
function createNaive(all: readonly Bought[]) {
  const rests = new Map(all.map(({ id, amount }) => [id, amount]))
  const plans = new Map<number, number>()
  return {
    plans,
    takes({ atMs, hits }: Asked): boolean {
      const { startMs } = windowAt(atMs)
      const running = all
        .filter((pack) => holds(pack, atMs))
        .sort(
          (left, right) => left.endMs - right.endMs || left.startMs - right.startMs || (left.id < right.id ? -1 : 1),
        )
      const rest = running.reduce((sum, { id }) => sum + (rests.get(id) ?? 0), 0)
      if (hits > rest + plan - (plans.get(startMs) ?? 0)) return false
      let owed = hits
      for (const { id } of running) {
        const pays = Math.min(owed, rests.get(id) ?? 0)
        rests.set(id, (rests.get(id) ?? 0) - pays)
        owed -= pays
      }
      plans.set(startMs, (plans.get(startMs) ?? 0) + owed)
      return true
    },
    spent: (id: string, amount: number) => amount - (rests.get(id) ?? 0),
  }
}

/** Tollgate: one counter per window, a limit with what is granted, and packs settled at some instants. */
function createTollgate(all: readonly Bought[]) {
  const taken: Asked[] = []
  let known: readonly KnownPack[] = all.map((pack) => ({ ...pack, spent: 0, paid: [] }))
  let tails: readonly PackPayment[] = []
  const usedIn = ({ startMs, endMs }: TimeRange): number =>
    taken.filter(({ atMs }) => startMs <= atMs && atMs < endMs).reduce((sum, { hits }) => sum + hits, 0)
  const grants = (): readonly Grant[] => [
    ...known.map((pack) => grantOf(pack, { amount: pack.amount, spent: pack.spent })),
    ...tails.map(({ pack, window, paid }) =>
      grantOf(
        { id: 'tail', startMs: known.find(({ id }) => id === pack)?.endMs ?? 0, endMs: window.endMs },
        { amount: paid },
      ),
    ),
  ]
  return {
    known: () => known,
    usedIn,
    amountAt: (ms: number) => raisedBy([rule], grants(), ms).limits[0]?.amount ?? 0,
    take: (asked: Asked) => void taken.push(asked),
    settle(nowMs: number): void {
      const open = unsettled(known, nowMs)
      if (open.length === 0) return
      const span = spanToSettle(open, nowMs, windowAt)
      const windows = windowsToSettle(open, span, windowAt).map(({ window, parts }) => ({
        window,
        parts: parts.map((part) => ({ ...part, used: usedIn(part) })),
      }))
      const settlement = settlementOf(open, windows, span)
      tails = [...tails.filter(({ pack }) => !settlement.packs.includes(pack)), ...settlement.tails]
      known = known.map((pack) => (settlement.packs.includes(pack.id) ? settled(pack, settlement) : pack))
    },
  }
}

/** What the books do with a settlement. */
function settled(
  pack: KnownPack,
  { payments, fromMs, atMs, finalUntilMs }: ReturnType<typeof settlementOf>,
): KnownPack {
  const before = pack.paid.filter(({ window }) => window.endMs > fromMs)
  const now = payments.filter((one) => one.pack === pack.id)
  const sum = (some: readonly PackPayment[]) => some.reduce((total, { paid }) => total + paid, 0)
  return {
    ...pack,
    spent: pack.spent + sum(now) - sum(before),
    paid: [...pack.paid.filter((one) => !before.includes(one)), ...now],
    settledToMs: atMs,
    finalUntilMs: Math.max(finalUntilMs, pack.finalUntilMs ?? -Infinity),
  }
}

function grantOf(
  { id, startMs, endMs }: TimeRange & { readonly id: string },
  { amount, spent }: { readonly amount: number; readonly spent?: number },
): Grant {
  const units = (whole: number) => ({ whole, milli: whole * 1_000 })
  return {
    ...{ id, limitName: name, startMs, endMs, grantedTo: { kind: 'account', id: 'alice' }, amount: units(amount) },
    ...(spent !== undefined && { spent: units(spent) }),
  }
}

test('a quota with packs takes exactly what a model takes that spends the packs first, request by request', () => {
  fc.assert(
    fc.property(packs, requests, (all, asked) => {
      const naive = createNaive(all)
      const tollgate = createTollgate(all)
      for (const one of asked) {
        // Whenever a window or a pack has ended before it; more often changes nothing.
        tollgate.settle(one.atMs)
        const room = tollgate.amountAt(one.atMs) - tollgate.usedIn(windowAt(one.atMs))
        const isTaken = naive.takes(one)
        expect(one.hits <= room, `at ${one.atMs}`).toBe(isTaken)
        if (isTaken) tollgate.take(one)
      }
      tollgate.settle(endMs)
      for (const pack of tollgate.known()) {
        expect(pack.spent).toBe(naive.spent(pack.id, pack.amount))
        expect(pack.spent).toBeLessThanOrEqual(pack.amount)
      }
      const windows = [...naive.plans].map(([startMs, onPlan]) => {
        const paid = tollgate.known().flatMap((pack) => pack.paid.filter(({ window }) => window.startMs === startMs))
        return { onPlan, used: tollgate.usedIn(windowAt(startMs)), paid: paid.reduce((sum, one) => sum + one.paid, 0) }
      })
      for (const { onPlan, used, paid } of windows) expect(onPlan + paid).toBe(used)
    }),
    { numRuns: 300 },
  )
})

test('settling again, at whatever instants, adds nothing', () => {
  fc.assert(
    fc.property(packs, requests, fc.array(instant(700), { maxLength: 8 }), (all, asked, instants) => {
      const [once, often] = [createTollgate(all), createTollgate(all)]
      for (const one of asked) for (const tollgate of [once, often]) tollgate.take(one)
      for (const ms of instants.sort((left, right) => left - right)) for (const _ of [1, 2]) often.settle(ms)
      for (const tollgate of [once, often]) tollgate.settle(endMs)
      expect(often.known().map(({ spent }) => spent)).toEqual(once.known().map(({ spent }) => spent))
    }),
    { numRuns: 300 },
  )
})
