import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentedDifferences } from '../../differential/differences.ts'
import { faultCases } from '../../differential/faults.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/migrate-from-ratelimit.md'), 'utf8')

test('the guide lists every difference that the differential run allows or shows', () => {
  const titles = [...documentedDifferences, ...faultCases].map(({ title }) => title)
  expect(titles.filter((title) => !guide.includes(title))).toEqual([])
})
