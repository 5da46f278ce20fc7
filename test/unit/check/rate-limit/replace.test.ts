import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutReplaced } from '../../../../src/check/rate-limit/replace-limits.ts'
import { desk, per, rule } from './harness.ts'

const zero = per('hour', 0)
/** `a>b,c` replaces b and c. */
function rules(...texts: readonly string[]) {
  return texts.map((text) => {
    const [name = '', replaced] = text.split('>')
    return rule([name], { id: name, name, replaces: replaced?.split(',') ?? [], amount: zero })
  })
}
const leftOf = (all: ReturnType<typeof rules>): string =>
  withoutReplaced(all.map((one, descriptor) => ({ descriptor, rule: one })))
    .map(({ rule: one }) => one.name)
    .join('')

describe('limits that another one replaces', () => {
  test('do not apply to a call to which that one applies, and stand in calls without it', async () => {
    const { codes, cases } = desk([
      rule(['ip'], { id: 'ip', name: 'per-ip', amount: zero }),
      rule(['key'], { id: 'key', replaces: ['per-ip'], amount: { kind: 'unlimited' } }),
    ])
    expect(await codes(['ip=1'])).toBe('over')
    expect(await codes(['ip=1', 'key=x'])).toBe('ok ok')
    expect(cases).toEqual(['replaced'])
  })

  test('that are unlimited say so all the same', async () => {
    const { ask } = desk([
      rule(['ip'], { id: 'ip', name: 'free', amount: { kind: 'unlimited' } }),
      rule(['key'], { id: 'key', replaces: ['free'] }),
    ])
    const { statuses } = await ask(['ip=1', 'key=x'])
    expect(statuses.map(({ remaining }) => remaining)).toEqual([Number.POSITIVE_INFINITY, 9])
  })

  test.each([
    [['a>b', 'b'], 'a'],
    [['b', 'a>b'], 'a'],
    [['a>b', 'b>c', 'c'], 'a'],
    [['a>x', 'b'], 'ab'],
    [['a>b', 'b>a'], 'a'],
    [['b>a', 'a>b'], 'b'],
    [['a>b', 'b>c', 'c>a'], 'a'],
    [['c>a', 'a>b', 'b>c', 'd'], 'cd'],
    [['a>b', 'b>a', 'd>a'], 'd'],
    [['a>b,c', 'b>a', 'c'], 'a'],
  ])('%j leaves %s', (given, left) => {
    expect(leftOf(rules(...given))).toBe(left)
  })

  test('all of one name go together, and one that replaces its own name’s other row does not lose itself', () => {
    const twice = [
      rule(['a'], { id: '1', name: 'a', amount: zero }),
      rule(['a'], { id: '2', name: 'a', amount: zero }),
      rule(['b'], { id: '3', name: 'b', replaces: ['a'], amount: zero }),
    ]
    expect(leftOf(twice)).toBe('b')
  })

  test('property: something always stays; without circles exactly what nobody names stays', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const named = fc.array(fc.subarray(names), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(named, fc.boolean(), (replaced, isAcyclic) => {
        const all = replaced.map((texts, index) => {
          const name = names[index] ?? ''
          const replaces = texts.filter((text) => (isAcyclic ? text > name : text !== name))
          return rule([name], { id: name, name, replaces })
        })
        const left = leftOf(all)
        expect(left.length).toBeGreaterThan(0)
        const unnamed = all.filter(({ name = '' }) => !all.some(({ replaces }) => replaces.includes(name)))
        for (const { name = '' } of unnamed) expect(left).toContain(name)
        if (isAcyclic) expect(left).toBe(unnamed.map(({ name }) => name).join(''))
      }),
    )
  })
})
