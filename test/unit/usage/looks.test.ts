import { describe, expect, test } from 'vitest'
import { createLooks } from '../../../src/usage/looks.ts'

const subject = (id: string) => ({ kind: 'account', id, partition: 7 }) as const
const [alice, bob] = [subject('alice'), subject('bob')]
const many = (count: number) => Array.from({ length: count }, (_, nth) => subject(`a${nth}`))

describe('createLooks()', () => {
  test('looks at whose limits changed at once, and again after 2 and 15 seconds', () => {
    const looks = createLooks()
    looks.changed([alice], 10_000)
    expect(looks.take(10_000)).toEqual([alice])
    expect(looks.nextMs()).toBe(12_000)
    expect(looks.take(11_999)).toEqual([])
    expect(looks.take(12_000)).toEqual([alice])
    expect(looks.nextMs()).toBe(25_000)
    expect(looks.take(25_000)).toEqual([alice])
    expect([looks.take(99_000), looks.nextMs()]).toEqual([[], undefined])
  })

  test('looks once at what was put back', () => {
    const looks = createLooks()
    looks.due([alice])
    expect([looks.take(0), looks.take(60_000), looks.nextMs()]).toEqual([[alice], [], undefined])
  })

  test('waits for nothing when nobody is concerned', () => {
    const looks = createLooks()
    looks.changed([], 0)
    expect([looks.take(0), looks.nextMs()]).toEqual([[], undefined])
  })

  test('is everybody as soon as somebody says so, or beyond 10,000', () => {
    const looks = createLooks()
    looks.changed([alice], 0)
    looks.due('everybody')
    expect(looks.take(0)).toBe('everybody')
    looks.changed(many(9_999), 0)
    expect(looks.take(0)).toHaveLength(9_999)
    looks.changed([bob], 1_000)
    expect(looks.take(2_000)).toBe('everybody')
  })

  test('looks together at what is due in one second, so that it waits for 17 seconds at most, however much changes', () => {
    const looks = createLooks()
    const dues = new Set<number | undefined>()
    for (let nowMs = 0; nowMs < 60_000; nowMs += 7) {
      looks.changed([alice], nowMs)
      looks.take(nowMs)
      dues.add(looks.nextMs())
    }
    expect(dues.size).toBeLessThanOrEqual(60)
  })

  test('forgets nothing when the clock is put back', () => {
    const looks = createLooks()
    looks.changed([alice], 1_000_000)
    expect(looks.take(0)).toHaveLength(3)
    expect(looks.nextMs()).toBeUndefined()
  })
})
