import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchDescriptor } from '../../src/core/match-descriptor.ts'
import type { RawRow } from '../../src/policy/ports.ts'
import { faultsOf, type PolicySnapshot } from '../../src/policy/snapshot.ts'
import { changedPolicy, type DescriptorChanges, domainRow, limitRow } from '../support/descriptor-policy.ts'

interface Step {
  readonly key: string
  readonly value?: string
  readonly regex?: string
  readonly cidr?: string
}
type Entry = { readonly key: string; readonly value: string }

// Few of everything, so that paths meet.
const key = fc.constantFrom('k', 'l')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ key }),
  fc.record({ key, value: fc.constantFrom('', 'a', 'ab', '10.0.0.1') }),
  fc.record({ key, value: fc.constantFrom('*', 'a*', '*b', 'a*b', '*a*b*', 'aa*a') }),
  fc.record({ key, regex: fc.constantFrom('a+', '[ab]*', '1.*', 'x(') }),
  fc.record({ key, cidr: fc.constantFrom('10.0.0.0/8', '10.0.0.1', '0.0.0.0/0') }),
)
const row = fc
  .record({
    id: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'),
    entries: fc.array(step, { minLength: 1, maxLength: 3 }),
    position: fc.integer({ min: 0, max: 2 }),
    domain: fc.constantFrom('one', 'two'),
    posture: fc.constantFrom(null, null, 'deny', 'allow'),
  })
  .map(({ id, entries, ...rest }) => limitRow(id, entries, rest))
const domain = fc
  .record({ id: fc.constantFrom('one', 'two'), posture: fc.constantFrom('allow', 'deny') })
  .map(({ id, posture }) => domainRow(id, { posture }))
const change: fc.Arbitrary<DescriptorChanges> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(row, { maxLength: 5 }).map((rows) => ({ table: 'descriptor_limit', rows }) as const),
  },
  domain.map((one) => ({ table: 'descriptor_domain', rows: [one] }) as const),
  fc.constantFrom('r1', 'r2', 'r3', 'r4').map((id) => ({ table: 'descriptor_limit', gone: [id] }) as const),
  fc.constantFrom('one', 'two').map((id) => ({ table: 'descriptor_domain', gone: [id] }) as const),
)
const entries: fc.Arbitrary<readonly Entry[]> = fc.array(
  fc.record({
    key,
    value: fc.constantFrom('', 'a', 'ab', 'aab', 'aaa', 'b', 'xab', '10.0.0.1', '10.9.9.9', '11.0.0.1'),
  }),
  { maxLength: 4 },
)

/** What the documentation says, said of a list: at each entry those rules are left whose step is the one that goes first of those that take it. */
function expected(rows: readonly RawRow[], asked: readonly Entry[]): string {
  let left = rows
  for (const [depth, { key: name, value }] of asked.entries()) {
    const stepOf = (one: RawRow): Step | undefined => (one['entries'] as readonly Step[])[depth]
    const takers = left.filter((one) => stepOf(one)?.key === name && takes(stepOf(one) as Step, value))
    takers.sort(
      (one, other) =>
        rank(stepOf(one) as Step) - rank(stepOf(other) as Step) ||
        (rank(stepOf(one) as Step) !== 1 ? 0 : Number(one['position']) - Number(other['position'])) ||
        (String(one['id']) < String(other['id']) ? -1 : 1),
    )
    const [first] = takers
    left = first === undefined ? [] : takers.filter((one) => same(stepOf(one), stepOf(first)))
  }
  const ids = left
    .filter((one) => (one['entries'] as readonly Step[]).length === asked.length)
    .map(({ id }) => String(id))
  return asked.length === 0 ? '' : ids.sort().join()
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

function rank({ value, regex, cidr }: Step): number {
  if (value !== undefined && !value.includes('*')) return 0
  return value !== undefined || regex !== undefined || cidr !== undefined ? 1 : 2
}

function takes({ value, regex, cidr }: Step, text: string): boolean {
  if (regex !== undefined) return new RegExp(`^(?:${regex})$`).test(text)
  if (cidr !== undefined)
    return { '10.0.0.0/8': /^10\./, '10.0.0.1': /^10\.0\.0\.1$/, '0.0.0.0/0': /\d\./ }[cidr]?.test(text) ?? false
  return value === undefined || new RegExp(`^${value.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(text)
}

const found = (snapshot: PolicySnapshot, id: string, asked: readonly Entry[]): string => {
  const known = snapshot.descriptorDomain(id)
  return (known === undefined ? undefined : matchDescriptor(known, asked))?.map((rule) => rule.id).join() ?? ''
}

const isGood = (one: RawRow): boolean => !JSON.stringify(one).includes('x(')

test('matchDescriptor() finds what the documentation says, also of a policy that came about change by change', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), fc.array(entries, { maxLength: 12 }), (changes, asks) => {
      const rows = new Map<string, RawRow>()
      const domains = new Map<string, RawRow>()
      let snapshot = changedPolicy([])
      for (const one of changes) {
        const table = one.table === 'descriptor_domain' ? domains : rows
        for (const id of one.gone ?? []) table.delete(id)
        // A row that is not valid has no last good version here: it goes before it comes.
        const broken = (one.rows ?? []).filter((each) => !isGood(each)).map(({ id }) => String(id))
        for (const each of one.rows ?? []) table.set(String(each['id']), each)
        snapshot = changedPolicy([{ ...one, gone: [...(one.gone ?? []), ...broken], rows: [] }], snapshot)
        snapshot = changedPolicy([{ ...one, gone: [] }], snapshot)
      }
      const whole = changedPolicy([
        { table: 'descriptor_domain', rows: [...domains.values()] },
        { table: 'descriptor_limit', rows: [...rows.values()] },
      ])
      for (const asked of asks) {
        for (const id of ['one', 'two']) {
          expect(found(snapshot, id, asked)).toBe(found(whole, id, asked))
          const inIt = [...rows.values()].filter((each) => each['domain'] === id)
          if (inIt.every(isGood)) expect(found(snapshot, id, asked)).toBe(domains.has(id) ? expected(inIt, asked) : '')
        }
      }
      expect(faultsOf(snapshot)).toEqual(faultsOf(whole))
    }),
    { numRuns: 100 },
  )
})

test('many prefixes of one key, among other patterns, are found by position and then id', () => {
  const text = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: max })
  const pattern = fc.oneof(
    { weight: 8, arbitrary: text(6).map((value) => ({ key: 'k', value: `${value}*` })) },
    text(4).map((value) => ({ key: 'k', value: `*${value}` })),
    text(3).map((value) => ({ key: 'k', value: `*${value}*` })),
    text(3).map((value) => ({ key: 'k', value })),
    text(3).map((value) => ({ key: 'k', value: `${value}**` })),
  )
  const rows = fc
    .array(fc.tuple(pattern, fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 20, maxLength: 150 })
    .map((drawn) =>
      drawn.map(([one, position, isDeep], nth) =>
        limitRow(`r${nth}`, isDeep ? [one, { key: 'l' }] : [one], { domain: 'one', position }),
      ),
    )
  // Of those that are there some go, and some come back with another position.
  const edits = fc.array(fc.tuple(fc.nat(149), fc.option(fc.integer({ min: -3, max: 3 }))), { maxLength: 40 })
  fc.assert(
    fc.property(rows, edits, fc.array(text(8), { minLength: 20, maxLength: 20 }), (all, changes, values) => {
      const left = new Map(all.map((one) => [String(one['id']), one]))
      let snapshot = changedPolicy([
        { table: 'descriptor_domain', rows: [domainRow('one')] },
        { table: 'descriptor_limit', rows: all },
      ])
      for (const [nth, position] of changes) {
        const one = all[nth % all.length] as RawRow
        const id = String(one['id'])
        if (position === null) left.delete(id)
        else left.set(id, { ...one, position })
        const change = position === null ? { gone: [id] } : { rows: [{ ...one, position }] }
        snapshot = changedPolicy([{ table: 'descriptor_limit', ...change }], snapshot)
      }
      for (const value of values) {
        for (const asked of [
          [{ key: 'k', value }],
          [
            { key: 'k', value },
            { key: 'l', value: '' },
          ],
        ])
          expect(found(snapshot, 'one', asked)).toBe(expected([...left.values()], asked))
      }
      expect(faultsOf(snapshot)).toEqual([])
    }),
    { numRuns: 60 },
  )
})
