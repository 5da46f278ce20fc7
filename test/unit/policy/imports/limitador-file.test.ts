import { expect, test } from 'vitest'
import { createFaults } from '../../../../src/policy/imports/import-fault.ts'
import { readLimitador } from '../../../../src/policy/imports/import-limits.ts'

function read(text: string) {
  const faults = createFaults()
  const { rows, domains } = readLimitador(
    { files: [{ name: 'l.yaml', bytes: Buffer.from(text) }], isWhole: false },
    faults,
  )
  return { rows: rows.map(({ row }) => row), domains, found: faults.list().map(({ line, said }) => `${line}: ${said}`) }
}

const limit = (rest: string) => `- namespace: shop\n  max_value: 5\n  seconds: 60\n${rest}`

test('readLimitador() makes entries of conditions in every way they are written, then of variables', () => {
  const { rows, domains, found } = read(`---
- namespace: shop
  max_value: 10
  seconds: 60
  name: reads
  conditions:
    - "descriptors[0]['req.method'] == 'GET'"
    - descriptors[0].kind == "plain"
    - "path == '/json'"
  variables:
    - descriptors[0]['user']
    - address
- namespace: other
  max_value: 4503599627370496
  seconds: 7200
  conditions:
  variables: [user]
`)
  expect(found).toEqual([])
  expect(domains).toEqual(['shop', 'other'])
  expect(rows).toMatchObject([
    {
      ...{ domain: 'shop', kind: 'window', amount: 10, unit: 'minute', units: null, name: 'reads', shadow: false },
      entries: [
        { key: 'req.method', value: 'GET' },
        { key: 'kind', value: 'plain' },
        { key: 'path', value: '/json' },
        { key: 'user' },
        { key: 'address' },
      ],
    },
    { domain: 'other', amount: 2 ** 52, unit: 'hour', units: 2, entries: [{ key: 'user' }] },
  ])
  expect(rows[0]?.id).toMatch(/^lm-shop-req\.method-get-[a-z.-]*-[0-9a-f]{16}$/)
})

test.each([
  [1, 'second', null],
  [90, 'second', 90],
  [120, 'minute', 2],
  [86_400, 'day', null],
  [604_800, 'week', null],
  [1_209_600, 'day', 14],
  [2_592_000, 'month', null],
  [31_536_000, 'year', null],
])('readLimitador() takes %d seconds as %s × %s', (seconds, unit, units) => {
  const { rows, found } = read(limit('  variables: [user]\n').replace('60', String(seconds)))
  expect(found).toEqual([])
  expect(rows).toMatchObject([{ unit, units }])
})

test.each([
  ["  conditions: [\"descriptors[0]['path'] != '/json'\"]\n", /^4: the condition .* cannot be expressed/],
  ["  conditions: [\"descriptors[1]['path'] == '/json'\"]\n", /^4: the condition .* cannot be expressed/],
  ["  conditions: [\"descriptors[0]['path'].startsWith('/api')\"]\n", /^4: the condition .* cannot be expressed/],
  ["  conditions: [\"a == '1' && b == '2'\"]\n", /^4: the condition .* cannot be expressed/],
  ['  conditions: ["path == json"]\n', /^4: the condition .* cannot be expressed/],
  ['  conditions: ["path == \'/api/*\'"]\n', /^4: the value "\/api\/\*" cannot be expressed/],
  ['  variables: ["descriptors[0]"]\n', /^4: the variable .* cannot be expressed/],
  ["  conditions: [\"descriptors[0]['rid'] == 'restaurant-7'\"]\n", /^4: the key "rid" is kept for the tickets/],
  ['  variables: [rid]\n', /^4: the key "rid" is kept for the tickets/],
  ['  variables: [user, user]\n', /^1: the entry "user" is asked for twice/],
  ['  conditions: []\n', /^1: a limit without conditions and variables is for every descriptor/],
  ['  variables: [user]\n  burst: 5\n', /^5: "burst" does not belong here/],
  ['  variables: user\n', /^4: variables is a list/],
])('readLimitador() says where %j cannot be expressed', (rest, said) => {
  const { rows, found } = read(limit(rest))
  expect(found).toEqual([expect.stringMatching(said)])
  expect(rows.length).toBeLessThanOrEqual(1)
})

test('readLimitador() names every fault of numbers, and limits that come to the same', () => {
  expect(read(limit('  variables: [user]\n').replace('60', '90061').replace('5', '-1')).found).toEqual([
    '2: max_value is a whole number from 0 to 4503599627370496 in plain digits, not "-1"',
    expect.stringMatching(/^3: 90061 seconds are not at most 1000 of one unit/),
  ])
  expect(read('- max_value: 1\n').found).toEqual([
    '1: this limit has no namespace',
    '1: this limit has no seconds',
    expect.stringContaining('without conditions and variables'),
  ])
  expect(read(limit('  variables: [user]\n') + limit('  variables: [user]\n')).found).toEqual([
    '5: a limit of the same entries and seconds is there already at l.yaml:1: keep one',
  ])
  expect(read('domain: shop\n').found).toEqual([expect.stringContaining('a file of limitador is a list')])
})
