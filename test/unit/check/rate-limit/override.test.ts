import { expect, test } from 'vitest'
import type { RateUnit } from '../../../../src/core/descriptor-rule.ts'
import { desk, entriesOf, per, rule } from './harness.ts'

const override = (requestsPerUnit: number, unit: RateUnit | undefined, key = 'user=ann') => ({
  entries: entriesOf(key),
  override: { requestsPerUnit, unit },
})

test('a limit that comes with the call stands in for the rules of its descriptor, and never shares their counter', async () => {
  const { ask, codes, cases } = desk([rule(['user'], { name: 'by-rule', amount: per('hour', 2) })])
  expect(await codes(['user=ann'])).toBe('ok')
  const answer = await ask([override(3, 'hour')])
  expect(answer.statuses[0]).toMatchObject({ limit: { requestsPerUnit: 3, unit: 'hour', name: '' }, remaining: 2 })
  expect(answer.responseHeaders[0]?.value).toBe('"override";q=3;w=3600')
  await ask([override(3, 'hour')])
  await ask([override(3, 'hour')])
  expect(await codes([override(3, 'hour')])).toBe('over')
  expect(await codes(['user=ann'])).toBe('ok')
  expect(await codes(['user=ann'])).toBe('over')
  expect(cases.filter((it) => it === 'override')).toHaveLength(4)
})

test('keeps its counter when its amount changes, and has another for each unit', async () => {
  const { ask, codes } = desk([])
  await ask([override(3, 'hour')])
  expect((await ask([override(5, 'hour')])).statuses[0]?.remaining).toBe(3)
  expect((await ask([override(5, 'day')])).statuses[0]?.remaining).toBe(4)
  expect(await codes([override(2, 'hour')])).toBe('over')
})

test('applies where no rule matches, in a domain that has a row; elsewhere nothing is limited', async () => {
  const { ask, codes } = desk([])
  expect(await codes([override(0, 'second', 'x=1')])).toBe('over')
  expect((await ask([override(0, 'second', 'x=1')], { domain: 'other' })).code).toBe('ok')
})

test('with a number that is no unit it is left out: the rules apply, and it is counted', async () => {
  const { codes, cases } = desk([rule(['user'], { amount: per('hour', 1) })])
  expect(await codes([override(100, undefined)])).toBe('ok')
  expect(await codes([override(100, undefined)])).toBe('over')
  expect(await codes([override(0, undefined, 'x=1')])).toBe('ok')
  expect(cases).toEqual(['unknown_unit', 'unknown_unit', 'unknown_unit', 'no_rule'])
})

test('neither replaces nor is replaced', async () => {
  const { codes } = desk([
    rule(['user'], { id: 'a', name: 'a', replaces: ['b'], amount: per('hour', 0) }),
    rule(['ip'], { id: 'b', name: 'b', replaces: ['a'], amount: per('hour', 0) }),
  ])
  expect(await codes([override(1, 'hour'), 'ip=1'])).toBe('ok over')
})
