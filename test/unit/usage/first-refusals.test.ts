import { describe, expect, test } from 'vitest'
import { createFirstRefusals, refusalEvent } from '../../../src/usage/first-refusals.ts'
import { parts, policy, refused } from '../../support/refused-request.ts'

const { window, atMs, line, refusedLimit, rule } = parts

describe('createFirstRefusals()', () => {
  test('takes one of each window and limit, and only refusals by a quota', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    for (let count = 0; count < 3; count += 1) firsts.add(refused())
    firsts.add(refused({ refusal: { cause: 'too_large', limit: refusedLimit } }))
    firsts.add(refused({ refusal: { cause: 'rate', limit: refusedLimit } }))
    const { line: _line, counter: _counter, ...unavailable } = refused({ refusal: { cause: 'unavailable' } })
    firsts.add(unavailable)
    firsts.add(refused({ counter: { window: line.next, used: 5_000 } }))
    expect(firsts.take().map(({ counter }) => counter.window.startMs)).toEqual([window.startMs, line.next.startMs])
    firsts.add(refused())
    expect(firsts.take()).toEqual([])
  })

  test('takes one of the same window once more after a while, also when the clock was put back', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    const taken = [0, 9_999, 10_000, 19_999, 20_001, 1, 2].map((sinceMs) => {
      firsts.add(refused({ atMs: atMs + sinceMs }))
      return firsts.take().length
    })
    expect(taken).toEqual([1, 0, 1, 0, 1, 1, 0])
  })

  test('the window that was found last is the last to be forgotten', () => {
    const firsts = createFirstRefusals({ windowsMax: 2, againMs: 10 })
    const found = (limit: string, at: number) => {
      firsts.add(refused({ line: { ...line, limit }, atMs: at }))
      return firsts.take().length
    }
    expect([found('a', 0), found('b', 5), found('a', 10), found('c', 11), found('a', 12), found('b', 13)]).toEqual([
      ...[1, 1, 1, 1, 0, 1],
    ])
  })

  test('putBack() keeps what waits already', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    firsts.add(refused())
    const away = firsts.take()
    firsts.add(refused({ atMs: atMs + 10_000 }))
    firsts.putBack(away)
    expect(firsts.take().map((one) => one.atMs)).toEqual([atMs + 10_000])
  })

  test('forgets the oldest window when it knows as many as it may', () => {
    const firsts = createFirstRefusals({ windowsMax: 2, againMs: 10_000 })
    const limits = ['a', 'b', 'c', 'a'].map((limit) => refused({ line: { ...line, limit } }))
    for (const one of limits) {
      firsts.add(one)
      expect(firsts.take()).toHaveLength(1)
    }
  })
})

describe('refusalEvent()', () => {
  const first = () => {
    const firsts = createFirstRefusals({ windowsMax: 1, againMs: 10_000 })
    firsts.add(refused())
    const [one] = firsts.take()
    if (one === undefined) throw new Error('There is no first refusal')
    return one
  }

  test('says that the limit is exhausted, by the key of its level', () => {
    expect(refusalEvent(first(), { snapshot: policy(), nowMs: atMs })).toEqual({
      ...{ key: `level account:alice daily ${window.startMs} 100`, type: 'level', level: 'exhausted', percent: 100 },
      ...{ account: 'alice', project: 'vision', department: 'research', data: { refused: true, needs: 1 } },
      limit: {
        ...{
          name: 'daily',
          subject: { kind: 'account', id: 'alice' },
          surface: 'any',
          counts: 'credits',
          window: 'day',
        },
        ...{ timeZone: 'UTC', ...window, used: 5_000, amount: 5_000, rule: 'd' },
      },
    })
  })

  test.each([
    ['nobody is told of 100 %', {}, policy({ percents: [80, 120] })],
    ['the limit is in shadow now', {}, policy({ limit: { ...rule, shadow: true } })],
    ['the limit is gone', {}, policy({ limit: { ...rule, name: 'other' } })],
    ['the window is over', { atMs: window.endMs }, policy()],
    [
      'a stricter row of the caller refused at a counter that many share',
      { line: { ...line, subject: { kind: 'project', id: 'vision', partition: 7 }, amount: 1_000 } as const },
      policy({ limit: { ...rule, per: 'project' } }),
    ],
  ] as const)('says nothing when %s', (_, over, snapshot) => {
    expect(refusalEvent({ ...first(), ...over }, { snapshot, nowMs: atMs })).toBeUndefined()
  })

  test('says nothing while a grant that began after the refusal raises the limit', () => {
    const granted = { startMs: atMs + 1, endMs: window.endMs - 10 }
    const limitsOf = (_: unknown, at: number) => [
      { ...rule, amount: at >= granted.startMs && at < granted.endMs ? 20_000 : 5_000 },
    ]
    const snapshot = { ...policy(), limitsOf }
    const told = [atMs - 1, atMs, atMs + 1, granted.endMs - 1, granted.endMs, window.endMs + 99].map(
      (nowMs) => refusalEvent(first(), { snapshot, nowMs })?.limit?.amount,
    )
    expect(told).toEqual([5_000, 5_000, undefined, undefined, 5_000, 5_000])
  })
})
