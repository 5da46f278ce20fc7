import { expect, test } from 'vitest'
import { linesOf } from '../../../src/check/lines.ts'
import { shareOf } from '../../../src/check/share.ts'
import type { LimitRule, Line } from '../../../src/core/limit.ts'
import { limitRule, lineFacts } from './factories.ts'

function line(rule: Partial<LimitRule>): Line {
  const [made] = linesOf([limitRule({ counts: 'requests', ...rule })], lineFacts())
  if (made === undefined) throw new Error('The rule makes no line')
  return made
}

const rate = { kind: 'rate', amount: 50, periodMs: 1_000, burst: 300 } as const

test.each([
  ['a quota is divided strictly', { kind: 'quota', amount: 10 }, { amount: 3 }],
  ['a quota of less than one each is none', { kind: 'quota', amount: 2 }, { amount: 0 }],
  ['a rate is divided in amount and burst', rate, { amount: 16, burst: 100 }],
  ['a rate lets at least one hit a period through', { ...rate, amount: 1, burst: 2 }, { amount: 1, burst: 1 }],
  ['a cap has at least one slot', { kind: 'concurrency', counts: 'in_flight', amount: 2 }, { amount: 1 }],
  ['a cap of nothing stays one of nothing', { kind: 'concurrency', counts: 'in_flight', amount: 0 }, { amount: 0 }],
] as const)('%s, between three processes', (_, rule, share) => {
  expect(shareOf(line(rule), 3)).toMatchObject(share)
})

test('a rate that has room for a request has room for it in its share too', () => {
  const large = { ...line({ ...rate, counts: 'credits', burst: 3_000 }), hits: 2_500 }
  expect(shareOf(large, 3)).toMatchObject({ burst: 2_500 })
  expect(shareOf({ ...large, hits: 3_001 }, 3)).toMatchObject({ burst: 1_000 })
})

test('alone a process has the whole limit', () => {
  for (const rule of [{ kind: 'quota' }, rate, { kind: 'concurrency', counts: 'in_flight' }] as const)
    expect(shareOf(line(rule), 1)).toEqual(line(rule))
})
