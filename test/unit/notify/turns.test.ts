import { describe, expect, test } from 'vitest'
import { createTurns } from '../../../src/notify/turns.ts'

const longMs = 60_000

describe('createTurns()', () => {
  test('lets so many at a time, and the others in their order as turns come back', async () => {
    const turns = createTurns({ countMax: 2, waitingMax: 10 })
    const [first, second] = [await turns.take(longMs), await turns.take(longMs)]
    const order: string[] = []
    const third = turns.take(longMs).then((turn) => {
      order.push('third')
      return turn
    })
    const fourth = turns.take(longMs).then((turn) => {
      order.push('fourth')
      return turn
    })
    first?.done()
    const taken = await third
    expect(order).toEqual(['third'])
    second?.done()
    await fourth
    expect(order).toEqual(['third', 'fourth'])
    taken?.done()
    expect(await turns.take(longMs)).toBeDefined()
  })

  test('gives nobody a turn who waited too long, and loses none by it', async () => {
    const turns = createTurns({ countMax: 1, waitingMax: 10 })
    const first = await turns.take(longMs)
    expect(await turns.take(1)).toBeUndefined()
    first?.done()
    expect(await turns.take(1)).toBeDefined()
  })

  test('turns away at once when too many wait', async () => {
    const turns = createTurns({ countMax: 1, waitingMax: 1 })
    const first = await turns.take(longMs)
    const second = turns.take(longMs)
    expect(await turns.take(longMs)).toBeUndefined()
    first?.done()
    expect(await second).toBeDefined()
  })
})
