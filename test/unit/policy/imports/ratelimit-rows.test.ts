import { expect, test } from 'vitest'
import { createFaults, faultLine } from '../../../../src/policy/imports/import-fault.ts'
import { readRatelimit } from '../../../../src/policy/imports/import-limits.ts'
import { rowsOfFiles } from '../../../../src/policy/imports/ratelimit-rows.ts'

function read(...texts: readonly string[]) {
  const faults = createFaults()
  const files = texts.map((text, index) => ({ name: `${index + 1}.yaml`, bytes: Buffer.from(text) }))
  const { rows } = readRatelimit({ files, isAsReference: false, isWhole: false }, faults)
  return { rows: rows.map(({ row }) => row), found: faults.list().map(faultLine) }
}

const limit = 'rate_limit: { unit: second, requests_per_unit: 1 }'
const placed = (...texts: readonly string[]) =>
  read(...texts).rows.map(({ entries, position }) => [
    entries.map(({ key, value }) => `${key}=${value ?? ''}`).join(' '),
    position,
  ])

test('rowsOfFiles() keeps the order of patterns by position, over several files and below them', () => {
  const one = `domain: d
descriptors:
  - { key: p, value: b*, ${limit}, descriptors: [{ key: q, ${limit} }] }
  - { key: other, value: "*", ${limit} }
  - { key: p, value: exact, ${limit} }
`
  const two = `domain: d\ndescriptors:\n  - { key: p, value: "*", ${limit} }\n`
  expect(placed(one, two)).toEqual([
    ['p=b*', 0],
    ['p=b* q=', 1],
    ['other=*', 0],
    ['p=exact', 0],
    ['p=*', 2],
  ])
})

test('rowsOfFiles() orders patterns inside a pattern as they stand', () => {
  const text = `domain: d
descriptors:
  - { key: a, value: x*, descriptors: [{ key: b, value: y*, ${limit} }, { key: b, value: "*", ${limit} }] }
  - { key: a, value: "*", descriptors: [{ key: b, value: y*, ${limit} }, { key: b, value: "*", ${limit} }] }
`
  expect(placed(text).map(([, position]) => position)).toEqual([0, 1, 2, 3])
})

test('rowsOfFiles() gives a row the same id and position whatever stands beside it', () => {
  const text = `domain: d\ndescriptors:\n  - { key: a, value: x*, ${limit} }\n`
  const [before] = read(text).rows
  const more = read(
    text.replace('descriptors:\n', `descriptors:\n  - { key: c, ${limit} }\n  - { key: b, value: x*, ${limit} }\n`),
  )
  expect(more.rows).toHaveLength(3)
  expect(more.rows).toContainEqual(before)
})

test('rowsOfFiles() takes a descriptor with nothing below it for no limit, and one with something below for a place', () => {
  const text =
    'domain: d\ndescriptors:\n  - { key: a }\n  - { key: b, descriptors: [{ key: c, value_to_metric: true }] }\n'
  expect(read(text).rows).toMatchObject([
    { kind: 'none', entries: [{ key: 'a' }] },
    { kind: 'none', entries: [{ key: 'b' }, { key: 'c', value_to_metric: true }] },
  ])
})

test('ids are slugs, tell apart what reads the same, and stay when a limit changes', () => {
  const ids = (text: string) => read(`domain: "Ä/d"\ndescriptors:\n${text}`).rows.map(({ id }) => id)
  const many = ids(
    `  - { key: a, value: b_c, ${limit} }\n  - { key: a_b, value: c, ${limit} }\n  - { key: a, descriptors: [{ key: b_c, ${limit} }] }\n`,
  )
  expect(new Set(many).size).toBe(3)
  const [long = ''] = ids(`  - { key: "${'K/'.repeat(120)}", ${limit} }\n`)
  for (const id of [...many, long]) expect(id).toMatch(/^rl-[a-z0-9]([a-z0-9._-]{0,59}[a-z0-9])?$/)
  expect(ids('  - { key: a, value: "*", rate_limit: { unit: day, requests_per_unit: 9 } }\n')).toEqual(
    ids(`  - { key: a, value: "*", share_threshold: true, ${limit} }\n`),
  )
})

test('a * inside a value is a pattern, unless files are read as the reference reads them', () => {
  const text = `domain: d\ndescriptors:\n  - { key: a, value: x*y, ${limit} }\n`
  expect(read(text)).toMatchObject({ found: [], rows: [{ entries: [{ key: 'a', value: 'x*y' }] }] })
  const faults = createFaults()
  readRatelimit({ files: [{ name: 'l', bytes: Buffer.from(text) }], isAsReference: true, isWhole: false }, faults)
  expect(faults.list()[0]?.said).toContain('leave out --as-reference')
})

test('more limits than there may be are a fault at the first that is too many', () => {
  const flags = { sharesThreshold: false, valueToMetric: false, shadow: false, quotaMode: false, detailedMetric: false }
  const nodes = Array.from({ length: 50_001 }, (_, index) => ({
    ...{ ...flags, key: String(index), children: [], at: { file: 'f', line: index + 1, column: 1 } },
  }))
  const faults = createFaults()
  rowsOfFiles([{ at: { file: 'f', line: 1, column: 1 }, domain: 'd', nodes }], faults)
  expect(faults.list().map(faultLine)).toEqual(['f:50001:1: there are more than 50000 limits: import fewer'])
})
