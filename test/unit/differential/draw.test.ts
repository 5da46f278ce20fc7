import { expect, test } from 'vitest'
import type { DescriptorConfig } from '../../differential/configuration.ts'
import { documentedDifferences } from '../../differential/differences.ts'
import { faultCases } from '../../differential/faults.ts'
import { drawCase } from '../../differential/play.ts'

const cases = Array.from({ length: 300 }, (_, nth) => drawCase(7, nth, 'd'))
const descriptors = cases.flatMap(({ config }) => everyDescriptor(config))
const requests = cases.flatMap(({ sequence }) => sequence)
const asked = requests.flatMap((request) => request.descriptors)

function everyDescriptor(config: readonly DescriptorConfig[]): readonly DescriptorConfig[] {
  return config.flatMap((one) => [one, ...everyDescriptor(one.descriptors ?? [])])
}

test('drawCase() draws the same again for the same seed, and other cases for another', () => {
  expect(drawCase(7, 42, 'd')).toEqual(cases[42])
  expect(drawCase(8, 42, 'd')).not.toEqual(cases[42])
})

test('drawCase() draws every kind of rule', () => {
  const has = (what: (one: DescriptorConfig) => unknown): boolean => descriptors.some((one) => Boolean(what(one)))
  for (const flag of ['shadow_mode', 'quota_mode', 'share_threshold', 'detailed_metric', 'value_to_metric'] as const) {
    expect({ flag, isDrawn: has((one) => one[flag]) }).toEqual({ flag, isDrawn: true })
  }
  const units = new Set(descriptors.map(({ rate_limit: limit }) => limit?.unit).filter((unit) => unit !== undefined))
  expect(units.size).toBe(7)
  expect(has(({ rate_limit: limit }) => limit?.unlimited)).toBe(true)
  expect(has(({ rate_limit: limit }) => limit?.replaces)).toBe(true)
  expect(has(({ rate_limit: limit }) => limit?.requests_per_unit === 0)).toBe(true)
  expect(has(({ value }) => value?.endsWith('*'))).toBe(true)
  expect(has((one) => one.descriptors?.some((child) => child.descriptors))).toBe(true)
})

test('drawCase() asks everything a caller can', () => {
  expect(requests.some(({ domain }) => domain !== 'd')).toBe(true)
  expect(requests.some(({ hitsAddend = 0 }) => hitsAddend > 1)).toBe(true)
  expect(new Set(requests.map((request) => request.descriptors.length))).toEqual(new Set([1, 2, 3, 4]))
  expect(asked.some(({ entries }) => entries.length === 0)).toBe(true)
  expect(asked.some(({ hitsAddend }) => hitsAddend?.value === '0')).toBe(true)
  expect(new Set(asked.flatMap(({ limit }) => limit?.unit ?? []))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]))
})

test('every documented difference has a name of its own, a title and a reason', () => {
  const all = [...documentedDifferences, ...faultCases]
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
  for (const { reason } of all) expect(reason).toMatch(/\.$/)
})
