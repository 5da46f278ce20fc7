import { expect, test } from 'vitest'
import type { DescriptorAmount, DescriptorStep, ValueMatch } from '../../../src/core/descriptor-rule.ts'
import { headerName } from '../../../src/core/rate-limit-headers.ts'
import { ruleTitle, ruleTitleApart } from '../../../src/core/rule-title.ts'

const step = (key: string, match: ValueMatch = { kind: 'any' }): DescriptorStep => ({
  ...{ key, match, sharesThreshold: false, valueToMetric: false },
})
const exact = (value: string): ValueMatch => ({ kind: 'exact', value })

test.each<[string, readonly DescriptorStep[], string]>([
  ['a key', [step('user')], 'user'],
  [
    'keys and values, in order',
    [step('path', { kind: 'wildcard', value: '/api/*' }), step('remote_address')],
    'path=/api/*, remote_address',
  ],
  ['an exact value', [step('plan', exact('free'))], 'plan=free'],
  ['the empty value', [step('plan', exact(''))], 'plan='],
  ['a regular expression', [step('path', { kind: 'regex', pattern: '^/v[12]/' })], 'path~^/v[12]/'],
  ['a range of addresses', [step('ip', { kind: 'cidr', cidr: '10.0.0.0/8' })], 'ip=10.0.0.0/8'],
  ['line breaks as spaces', [step('a', exact('x\r\n\ty'))], 'a=x y'],
  ['a limit that came with the call', [], 'override'],
])('ruleTitle() of a limit without a name says %s', (_, steps, title) => {
  expect(ruleTitle({ steps })).toBe(title)
})

test('ruleTitle() is the name where there is one', () => {
  expect(ruleTitle({ name: 'logins', steps: [step('user')] })).toBe('logins')
})

test('ruleTitle() of a path has at most 60 characters, and no half of one', () => {
  expect(ruleTitle({ steps: [step('a', exact('b'.repeat(58)))] })).toBe(`a=${'b'.repeat(58)}`)
  expect(ruleTitle({ steps: [step('a', exact('b'.repeat(59)))] })).toBe(`a=${'b'.repeat(55)}...`)
  expect(ruleTitle({ steps: [step('a', exact(`${'b'.repeat(54)}😀😀😀`))] })).toBe(`a=${'b'.repeat(54)}...`)
})

test('headerName() makes a string of a structured field of any title', () => {
  const title = ruleTitle({ steps: [step('sagt', exact('"Grüße" \\ \0'))] })
  expect(headerName(title)).toBe('"sagt=\\"Gr??e\\" \\\\"')
})

const second = { unit: 'second', units: 1 } as const
const months = { unit: 'month', units: 3, timeZone: 'Asia/Tokyo' } as const
test.each<[DescriptorAmount, string]>([
  [{ kind: 'window', amount: 1, period: second }, 'user per second'],
  [{ kind: 'window', amount: 1, period: months }, 'user per 3 months in Asia/Tokyo'],
  [{ kind: 'rate', amount: 1, burst: 1, period: second }, 'user steadily per second'],
  [{ kind: 'concurrency', amount: 1, slotMs: 1 }, 'user at once'],
])('ruleTitleApart() tells limits of one path apart: %j', (amount, title) => {
  expect(ruleTitleApart({ steps: [step('user')], amount })).toBe(title)
})
