import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFaults } from '../../../../src/policy/imports/import-fault.ts'
import { readRatelimit } from '../../../../src/policy/imports/import-limits.ts'

const folder = join(import.meta.dirname, '../../../fixtures')

function read(kind: 'good' | 'bad', name: string) {
  const bytes = readFileSync(join(folder, kind, 'ratelimit', name))
  const faults = createFaults()
  const wanted = readRatelimit({ files: [{ name, bytes }], isAsReference: true, isWhole: false }, faults)
  const expected = [...bytes.toString().matchAll(/^# expects: (.*)$/gm)].map(([, line]) => line)
  return { wanted, expected, found: faults.list().map(({ line, column, said }) => `${line}:${column}: ${said}`) }
}

test.each(readdirSync(join(folder, 'bad/ratelimit')))('%s is refused, with the place of all that is wrong', (name) => {
  const { expected, found } = read('bad', name)
  expect(expected.length).toBeGreaterThan(0)
  expect(found).toEqual(expected)
})

test.each(readdirSync(join(folder, 'good/ratelimit')))('%s is taken', (name) => {
  const { wanted, found } = read('good', name)
  expect(found).toEqual([])
  expect(wanted.domains).toHaveLength(1)
})
