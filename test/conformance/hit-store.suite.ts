import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ask,
  counter,
  type HitHarness,
  ofDescriptor,
  rateHitLine,
  slotLine,
  statesOf,
  windowLine,
  windowMs,
} from '../support/hit-harness.ts'
import { startMs } from '../support/spend-harness.ts'

/** What every store of hits promises. */
export function hitStoreSuite(where: string, create: () => Promise<HitHarness>): void {
  describe(`hits ${where}`, () => {
    let harness: HitHarness

    beforeEach(async () => {
      harness = await create()
    })
    afterEach(() => harness.close())

    const taken = async (...lines: Parameters<typeof ask>[1]) => statesOf(ask(harness, lines))
    const usedOf = async (line = windowLine()) => (await taken({ ...line, hits: 0 }))[0]?.before

    it('a window takes up to its amount, says what is left of it, and refuses the rest whole', async () => {
      await harness.setNow(startMs + 10_000)
      expect(await ask(harness, [windowLine({ hits: 3 })])).toEqual({
        kind: 'counted',
        at: startMs + 10_000,
        states: [{ fits: true, taken: true, before: 0, after: 3, resetMs: 50_000, retryAfterMs: 0 }],
      })
      expect(await taken(windowLine({ hits: 3 }))).toEqual([
        { fits: false, taken: false, before: 3, after: 3, resetMs: 50_000, retryAfterMs: 50_000 },
      ])
      expect(await taken(windowLine({ hits: 2 }))).toMatchObject([{ fits: true, taken: true, before: 3, after: 5 }])
      expect(await taken(windowLine({ hits: 6 }))).toMatchObject([{ fits: false, retryAfterMs: 'never' }])
    })

    it('a window begins at nothing, by the store clock, to the millisecond', async () => {
      await taken(windowLine({ hits: 5 }))
      await harness.setNow(startMs + windowMs - 1)
      expect(await taken(windowLine())).toMatchObject([{ fits: false, before: 5, resetMs: 1, retryAfterMs: 1 }])
      await harness.setNow(startMs + windowMs)
      expect(await taken(windowLine({ hits: 4 }))).toMatchObject([{ before: 0, after: 4, resetMs: windowMs }])
      const next = windowLine({
        startMs: startMs + windowMs,
        endMs: startMs + 2 * windowMs,
        nextEndMs: startMs + 3 * windowMs,
      })
      expect(await taken(next)).toMatchObject([{ before: 4, after: 5 }])
    })

    it('windows that do not hold the store clock are stale, whatever else is asked; nothing is taken', async () => {
      for (const now of [startMs - 1, startMs + 2 * windowMs]) {
        await harness.setNow(now)
        expect(await ask(harness, [rateHitLine(), windowLine()])).toEqual({ kind: 'stale-windows', at: now })
      }
      expect(await taken(rateHitLine({ hits: 0 }))).toMatchObject([{ before: 0 }])
    })

    it('a window is found again when the clock steps back over its start, and what it used is not lost', async () => {
      await taken(windowLine({ hits: 5 }))
      await harness.setNow(startMs + windowMs + 500)
      await taken(windowLine({ hits: 2 }))
      await harness.setNow(startMs + windowMs - 500)
      expect(await taken(windowLine())).toMatchObject([{ fits: false, before: 5 }])
      await harness.setNow(startMs + windowMs + 600)
      expect(await taken(windowLine())).toMatchObject([{ before: 2, after: 3 }])
    })

    it('what starts too late takes nothing', async () => {
      await harness.setNow(startMs + 1_000)
      const late = await ask(harness, [windowLine()], { notAfterMs: startMs + 999 })
      expect(late).toEqual({ kind: 'late', at: startMs + 1_000 })
      expect(await usedOf()).toBe(0)
    })

    it('a rate hands out its burst and leaks exactly', async () => {
      expect(await taken(rateHitLine({ hits: 3 }))).toEqual([
        { fits: true, taken: true, before: 0, after: 3, resetMs: 1_500, retryAfterMs: 0 },
      ])
      await harness.setNow(startMs + 1)
      expect(await taken(rateHitLine({ hits: 2 }))).toEqual([
        { fits: false, taken: false, before: 3, after: 3, resetMs: 1_499, retryAfterMs: 499 },
      ])
      await harness.setNow(startMs + 499)
      expect(await taken(rateHitLine({ hits: 2 }))).toMatchObject([{ fits: false, retryAfterMs: 1 }])
      await harness.setNow(startMs + 500)
      expect(await taken(rateHitLine({ hits: 2 }))).toMatchObject([{ fits: true, before: 2, after: 4 }])
      expect(await taken(rateHitLine({ hits: 5 }))).toMatchObject([{ fits: false, retryAfterMs: 'never' }])
      await harness.setNow(startMs + 60_000)
      expect(await taken(rateHitLine({ hits: 0 }))).toMatchObject([{ fits: true, before: 0, resetMs: 0 }])
    })

    it('a rate whose clock steps back leaks no time twice', async () => {
      await taken(rateHitLine({ hits: 4 }))
      await harness.setNow(startMs + 1_000)
      await taken(rateHitLine())
      await harness.setNow(startMs + 400)
      expect(await taken(rateHitLine())).toMatchObject([{ fits: true, before: 3, after: 4 }])
      await harness.setNow(startMs + 1_000)
      expect(await taken(rateHitLine())).toMatchObject([{ fits: false, before: 4 }])
    })

    it('a cap holds so many slots, each by one holder once, until its time or its release', async () => {
      const hold = async (slotId: string, more = {}) => (await statesOf(ask(harness, [slotLine(more)], { slotId })))[0]
      expect(await hold('a')).toEqual({
        fits: true,
        taken: true,
        before: 0,
        after: 1,
        resetMs: 10_000,
        retryAfterMs: 0,
      })
      await harness.setNow(startMs + 4_000)
      expect(await hold('b')).toMatchObject({ before: 1, after: 2, resetMs: 10_000 })
      expect(await hold('c')).toMatchObject({ fits: false, taken: false, before: 2, after: 2, retryAfterMs: 6_000 })
      expect(await hold('a'), 'again, and renewed').toMatchObject({ fits: true, before: 2, after: 2, resetMs: 10_000 })
      expect(await hold('c')).toMatchObject({ fits: false, retryAfterMs: 10_000 })
      expect(await hold('c', { amount: 0 })).toMatchObject({ fits: false, retryAfterMs: 'never' })
      await harness.hits.release({ counters: [counter('slots'), counter('nothing', 8)], slotId: 'b' })
      expect(await hold('c')).toMatchObject({ fits: true, before: 1, after: 2 })
      await harness.setNow(startMs + 14_000)
      expect(await hold('d')).toMatchObject({ fits: true, before: 0, after: 1 })
    })

    it('slots are only looked at for nobody, and given back by hits below 0', async () => {
      expect(await taken(slotLine())).toMatchObject([{ fits: true, taken: false, before: 0, after: 0 }])
      await statesOf(ask(harness, [slotLine({ amount: 1 })], { slotId: 'a' }))
      expect(await taken(slotLine({ amount: 1 }))).toMatchObject([{ fits: false, taken: false, before: 1 }])
      expect(await taken(slotLine({ amount: 1, hits: 0 }))).toMatchObject([{ fits: true }])
      expect(await taken(slotLine({ amount: 0, hits: 0 }))).toMatchObject([{ fits: false, retryAfterMs: 10_000 }])
      const back = slotLine({ hits: -1 })
      expect(await statesOf(ask(harness, [back], { slotId: 'b' }))).toMatchObject([{ fits: true, before: 1, after: 1 }])
      expect(await statesOf(ask(harness, [back], { slotId: 'a' }))).toMatchObject([{ fits: true, before: 1, after: 0 }])
    })

    it('all or nothing: one refusal takes nothing of any line, in whatever partition', async () => {
      const other = windowLine({ counter: counter('other', 200), hits: 4 })
      const third = rateHitLine({ counter: counter('third', 3), hits: 2 })
      const lines = [third, windowLine({ hits: 3 }), other, slotLine()]
      expect(await statesOf(ask(harness, lines, { slotId: 'a' }))).toMatchObject(lines.map(() => ({ taken: true })))
      const refused = await statesOf(ask(harness, lines, { slotId: 'b' }))
      expect(refused).toMatchObject([
        { fits: true, taken: false, before: 2, after: 2 },
        { fits: false, taken: false, before: 3, after: 3 },
        { fits: false, taken: false, before: 4, after: 4 },
        { fits: true, taken: false, before: 1, after: 1 },
      ])
      const looks = lines.map((line) => ({ ...line, hits: 0 }))
      expect(await taken(...looks)).toMatchObject([{ before: 2 }, { before: 3 }, { before: 4 }, { before: 1 }])
    })

    it('what is not enforced, or charges refused hits, is taken though another line refuses, and only that', async () => {
      const full = windowLine({ counter: counter('full', 100), hits: 6 })
      const lines = [
        windowLine({ counter: counter('shadow', 9), enforced: false, hits: 7 }),
        full,
        windowLine({ counter: counter('charged', 250), chargesRefused: true, hits: 9 }),
        rateHitLine({ counter: counter('shadow-rate', 120), enforced: false, hits: 6 }),
        windowLine({ counter: counter('kept', 110) }),
      ]
      expect(await taken(...lines)).toMatchObject([
        { fits: false, taken: true, after: 7 },
        { fits: false, taken: false, after: 0 },
        { fits: false, taken: true, after: 9 },
        { fits: false, taken: true, after: 6 },
        { fits: true, taken: false, after: 0 },
      ])
      expect(await usedOf(lines[0] as typeof full)).toBe(7)
      expect(await usedOf(lines[2] as typeof full)).toBe(9)
      expect(await usedOf(full)).toBe(0)
      expect(await taken(rateHitLine({ counter: counter('shadow-rate', 120), hits: 0 }))).toMatchObject([
        { fits: false, before: 6, retryAfterMs: 1_000 },
      ])
    })

    it('each: the lines of one descriptor stand and fall together, those of others alone', async () => {
      const lines = [
        ofDescriptor(0, windowLine({ counter: counter('a', 5), hits: 3 })),
        ofDescriptor(0, windowLine({ counter: counter('b', 250), hits: 6 })),
        ofDescriptor(1, windowLine({ counter: counter('c', 5), hits: 2 })),
        ofDescriptor(2, windowLine({ counter: counter('d', 5), hits: 7 })),
        ofDescriptor(3, windowLine({ counter: counter('e', 99) })),
      ]
      expect(await statesOf(ask(harness, lines, { counting: 'each' }))).toMatchObject([
        { fits: true, taken: false, after: 0 },
        { fits: false, taken: false },
        { fits: true, taken: true, after: 2 },
        { fits: false, taken: false, after: 0 },
        { fits: true, taken: true, after: 1 },
      ])
      expect(await taken(...lines.map((line) => ({ ...line, hits: 0 })))).toMatchObject(
        [0, 0, 2, 0, 1].map((before) => ({ before })),
      )
    })

    it('two lines on one counter see each other, in order', async () => {
      const line = windowLine({ hits: 2 })
      expect(await taken(line, { ...line, amount: 3 }, { ...line, enforced: false })).toMatchObject([
        { fits: true, taken: false, before: 0, after: 0 },
        { fits: false, taken: false, before: 0, after: 0 },
        { taken: true, before: 0, after: 2 },
      ])
      expect(await taken(line, { ...line, hits: 1 })).toMatchObject([
        { before: 2, after: 4 },
        { before: 4, after: 5 },
      ])
      const each = [0, 1, 2].map((descriptor) => ofDescriptor(descriptor, rateHitLine({ hits: 2 })))
      expect(await statesOf(ask(harness, each, { counting: 'each' }))).toMatchObject([
        { fits: true, before: 0, after: 2 },
        { fits: true, before: 2, after: 4 },
        { fits: false, before: 4, after: 4 },
      ])
      const slots = [slotLine(), slotLine({ amount: 1 }), slotLine({ amount: 1 })]
      expect(await statesOf(ask(harness, slots, { slotId: 'a' }))).toMatchObject([
        { fits: true, before: 0, after: 1 },
        { fits: true, before: 1, after: 1 },
        { fits: true, before: 1, after: 1 },
      ])
    })

    it('no hits look: they fit as long as no more is used than there is', async () => {
      const shadow = windowLine({ enforced: false, hits: 5 })
      await taken(shadow)
      expect(await taken(windowLine({ hits: 0 }))).toMatchObject([{ fits: true, taken: false, before: 5, after: 5 }])
      await taken(shadow)
      expect(await taken(windowLine({ hits: 0 }))).toMatchObject([{ fits: false, before: 10, retryAfterMs: windowMs }])
    })

    it('hits below 0 never refuse, give back no more than was used, and not to another window', async () => {
      await taken(windowLine({ hits: 5 }), rateHitLine({ hits: 4 }))
      expect(await taken(windowLine({ hits: -2 }), rateHitLine({ hits: -1 }))).toMatchObject([
        { fits: true, taken: true, before: 5, after: 3 },
        { fits: true, taken: true, before: 4, after: 3 },
      ])
      expect(await taken(windowLine({ hits: -100, amount: 0 }))).toMatchObject([{ fits: true, before: 3, after: 0 }])
      await harness.setNow(startMs + windowMs)
      await taken(windowLine({ hits: -3 }), rateHitLine({ hits: -Number.MAX_SAFE_INTEGER }))
      expect(await taken(windowLine({ hits: 5 }), rateHitLine({ hits: 4 }))).toMatchObject([
        { before: 0, after: 5 },
        { before: 0, after: 4 },
      ])
    })

    it('counts exactly up to 2^53 - 1 and stays there', async () => {
      const most = Number.MAX_SAFE_INTEGER
      const amount = 2 ** 52
      expect(await taken(windowLine({ amount, hits: amount - 1 }))).toMatchObject([{ after: amount - 1 }])
      expect(await taken(windowLine({ amount, hits: 2 }))).toMatchObject([{ fits: false, after: amount - 1 }])
      expect(await taken(windowLine({ amount, hits: 1 }))).toMatchObject([{ fits: true, after: amount }])
      const shadow = windowLine({ amount, enforced: false })
      expect(await taken({ ...shadow, hits: most - 1 })).toMatchObject([{ after: most }])
      expect(await taken({ ...shadow, hits: most })).toMatchObject([{ before: most, after: most }])
      expect(await taken({ ...shadow, hits: -most })).toMatchObject([{ before: most, after: 0 }])
      const rate = rateHitLine({ amount: 1, periodMs: 3_600_000, burst: 1_000_000_000, hits: 1_000_000_000 })
      expect(await taken(rate)).toMatchObject([{ fits: true, after: 1_000_000_000, resetMs: 3_600_000_000_000_000 }])
      expect(await taken({ ...rate, enforced: false, hits: most })).toMatchObject([
        { fits: false, retryAfterMs: 'never' },
      ])
    })

    it('takes thousands of lines in one call', async () => {
      const lines = Array.from({ length: 3_000 }, (_, index) =>
        ofDescriptor(index, windowLine({ counter: counter(`many-${index}`, 7) })),
      )
      expect((await taken(...lines)).every(({ after }) => after === 1)).toBe(true)
      expect((await taken(...lines)).every(({ after }) => after === 2)).toBe(true)
    })

    it('a call without lines is counted', async () => {
      expect(await ask(harness, [])).toEqual({ kind: 'counted', at: startMs, states: [] })
    })

    it('callers at one time take no more than there is, together', async () => {
      const calls = Array.from({ length: 40 }, (_, index) => {
        const mine = windowLine({ counter: counter(`caller-${index}`, index) })
        return statesOf(ask(harness, [mine, windowLine({ counter: counter('shared', 77), amount: 17 })]))
      })
      const passed = (await Promise.all(calls)).filter(([, shared]) => shared?.taken === true)
      expect(passed).toHaveLength(17)
      expect(await usedOf(windowLine({ counter: counter('shared', 77) }))).toBe(17)
    })
  })
}
