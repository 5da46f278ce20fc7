import { describe, expect, test } from 'vitest'
import { desk, entriesOf, per, rule } from './harness.ts'

const user = [rule(['user'], { amount: per('hour', 10) })]
const asking = (hitsAddend?: number, more = {}) => ({
  entries: entriesOf('user=ann'),
  ...(hitsAddend !== undefined && { hitsAddend }),
  ...more,
})

describe('how many hits a descriptor asks', () => {
  test('are its own; without them those of the call; without both 1', async () => {
    const { ask } = desk(user)
    const left = async (...asked: Parameters<typeof ask>): Promise<number> =>
      (await ask(...asked)).statuses[0]?.remaining ?? -1
    expect(await left([asking()])).toBe(9)
    expect(await left([asking()], { hitsAddend: 3 })).toBe(6)
    expect(await left([asking(2)], { hitsAddend: 3 })).toBe(4)
    expect(await left([asking()], { hitsAddend: 0 })).toBe(3)
  })

  test('may be 0, which only looks: over the limit only when more is used than there is', async () => {
    const { ask, codes } = desk(user, { chargesRefused: true })
    expect((await ask([asking(0)])).statuses[0]).toMatchObject({ code: 'ok', remaining: 10 })
    await ask([asking(10)])
    expect((await ask([asking(0)])).statuses[0]).toMatchObject({ code: 'ok', remaining: 0 })
    expect(await codes([asking(1)])).toBe('over')
    expect(await codes([asking(0)])).toBe('over')
    expect((await ask([asking(0)], { hitsAddend: 5 })).statuses[0]).toMatchObject({ code: 'over_limit' })
  })

  test('are given back when negative, never below nothing used, and never refused', async () => {
    const { ask, codes } = desk(user)
    await ask([asking(10)])
    expect(await codes([asking(1)])).toBe('over')
    expect((await ask([asking(4, { isNegativeHits: true })])).statuses[0]).toMatchObject({ code: 'ok', remaining: 4 })
    expect((await ask([asking(99, { isNegativeHits: true })])).statuses[0]).toMatchObject({ code: 'ok', remaining: 10 })
    expect(await codes([asking(10)])).toBe('ok')
  })

  test('a negative one without number gives back 1, and a negative 0 looks', async () => {
    const { ask } = desk(user)
    await ask([asking(5)])
    expect((await ask([asking(undefined, { isNegativeHits: true })])).statuses[0]?.remaining).toBe(6)
    expect((await ask([asking(0, { isNegativeHits: true })])).statuses[0]?.remaining).toBe(6)
  })

  test.each([2 ** 32 - 1, 2 ** 53 - 1, 2 ** 53, 2 ** 64, Number.MAX_VALUE])(
    '%d is refused, takes nothing and breaks nothing',
    async (hits) => {
      const { ask, codes } = desk(user)
      expect(await codes([asking(hits)])).toBe('over')
      expect((await ask([asking(1)])).statuses[0]).toMatchObject({ code: 'ok', remaining: 9 })
    },
  )

  test('that are refused and charged all the same pile up at 2^53 − 1 and never wrap', async () => {
    const { ask, codes } = desk(user, { chargesRefused: true })
    for (let time = 0; time < 3; time += 1) expect(await codes([asking(2 ** 63)])).toBe('over')
    expect((await ask([asking(0)])).statuses[0]).toMatchObject({ code: 'over_limit', remaining: 0 })
  })
})
