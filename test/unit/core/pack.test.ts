import { describe, expect, it } from 'vitest'
import { partsOf, payFromPacks } from '../../../src/core/pack.ts'

const window = { startMs: 0, endMs: 100 }
const pack = (id: string, rest: number, [startMs, endMs]: readonly [number, number]) => ({ id, rest, startMs, endMs })

describe('partsOf()', () => {
  it('cuts a window where packs begin and end, and leaves out what no pack runs in', () => {
    const packs = [pack('a', 1, [10, 40]), pack('b', 1, [30, 60]), pack('c', 1, [90, 200])]
    expect(partsOf(window, packs).map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [10, 30],
      [30, 40],
      [40, 60],
      [90, 100],
    ])
    expect(partsOf(window, [pack('a', 1, [100, 200])])).toEqual([])
    expect(partsOf(window, [pack('a', 1, [-5, 100])])).toEqual([window])
  })
})

describe('payFromPacks()', () => {
  const paid = (...given: Parameters<typeof payFromPacks>) =>
    payFromPacks(...given).map(({ pack: id, window: { startMs }, paid: amount }) => [id, startMs, amount])

  it('spends the pack that ends first, then the other, and answers nothing of what falls on the quota', () => {
    const packs = [pack('long', 5, [0, 300]), pack('short', 3, [0, 100])]
    expect(paid(packs, [{ window, parts: [{ ...window, used: 4 }] }])).toEqual([
      ['short', 0, 3],
      ['long', 0, 1],
    ])
    expect(paid(packs, [{ window, parts: [{ ...window, used: 99 }] }])).toEqual([
      ['short', 0, 3],
      ['long', 0, 5],
    ])
  })

  it('spends each once, over all windows', () => {
    const next = { startMs: 100, endMs: 200 }
    const used = [window, next].map((one) => ({ window: one, parts: [{ ...one, used: 4 }] }))
    expect(paid([pack('a', 6, [0, 300])], used)).toEqual([
      ['a', 0, 4],
      ['a', 100, 2],
    ])
  })

  it('takes a pack only for what was used while it ran', () => {
    const parts = [
      { startMs: 0, endMs: 50, used: 2 },
      { startMs: 50, endMs: 100, used: 9 },
    ]
    expect(paid([pack('a', 9, [0, 50])], [{ window, parts }])).toEqual([['a', 0, 2]])
  })
})
