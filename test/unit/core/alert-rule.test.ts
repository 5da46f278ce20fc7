import { describe, expect, test } from 'vitest'
import { type AlertRule, alertPercentsFor, defaultPercents, indexAlertRules } from '../../../src/core/alert-rule.ts'

const rule = (scope: string, percent: number, limitName?: string): AlertRule => ({
  id: `${scope} ${limitName ?? 'every'}`,
  scope,
  percents: [percent],
  ...(limitName !== undefined && { limitName }),
})
const all = [
  ...[rule('anyone', 1), rule('anyone', 2, 'daily'), rule('plan:free', 3), rule('plan:free', 4, 'daily')],
  ...[rule('department:research', 5), rule('department:research', 6, 'daily'), rule('project:vision', 7)],
  ...[rule('project:vision', 8, 'daily'), rule('account:alice', 9), rule('account:alice', 10, 'daily')],
]
const place = { account: 'alice', project: 'vision', department: 'research', plan: 'free' }
const percentsOf = (rules: readonly AlertRule[], over: Partial<typeof place> = {}, limitName = 'daily') =>
  alertPercentsFor(indexAlertRules(rules), { limitName, place: { ...place, ...over } })

describe('alertPercentsFor()', () => {
  test('takes the most specific row, and of equals the one that names the limit', () => {
    for (let count = all.length; count > 0; count -= 1) expect(percentsOf(all.slice(0, count))).toEqual([count])
    expect(percentsOf(all, {}, 'hourly')).toEqual([9])
  })

  test('a wider place beats a named limit only by being closer', () => {
    expect(percentsOf([rule('account:alice', 9), rule('plan:free', 4, 'daily')])).toEqual([9])
  })

  test('a project as such has neither account nor plan', () => {
    expect(percentsOf(all, { account: '', plan: '' })).toEqual([8])
    expect(percentsOf(all.slice(0, 4), { account: '', plan: '', project: '', department: '' })).toEqual([2])
  })

  test('without a row it is 80, 95 and 100', () => {
    expect(percentsOf([])).toBe(defaultPercents)
    expect(percentsOf([rule('account:bob', 9)])).toEqual([80, 95, 100])
  })

  test('an empty row is a row: nobody is told', () => {
    expect(percentsOf([{ ...rule('anyone', 1), percents: [] }])).toEqual([])
  })

  test('of two rows for the same the first by id counts, whatever their order', () => {
    const [first, second] = [
      { ...rule('anyone', 1), id: 'a' },
      { ...rule('anyone', 2), id: 'b' },
    ]
    expect(percentsOf([second, first])).toEqual([1])
    expect(percentsOf([first, second])).toEqual([1])
  })
})
