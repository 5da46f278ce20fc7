import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { metricTable } from '../../../src/telemetry/metric-table.ts'

const page = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8')

test('the metrics page names every metric with its kind and what it means, and no other', () => {
  const told = [...page.matchAll(/^\| `tollgate_(\w+)` \| (\w+) \| (.*) \| (.*) \|$/gm)]
  expect(told.map(([, name, kind, , help]) => ({ name, kind, help }))).toEqual(
    Object.entries(metricTable).map(([name, { kind, help }]) => ({ name, kind, help })),
  )
})

test('the metrics page tells every label and its values', () => {
  for (const [name, { labels = {}, openLabels = {} }] of Object.entries(metricTable)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`tollgate_${name}\` `))
    for (const [label, values] of Object.entries(labels)) expect(row).toContain(`\`${label}\`: ${values.join(', ')}`)
    for (const [label, { valuesMax, valuesEachMax }] of Object.entries(openLabels)) {
      const each = valuesEachMax === undefined ? '' : `, ${valuesEachMax.toLocaleString('en')} each`
      expect(row).toContain(`\`${label}\`: at most ${valuesMax.toLocaleString('en')} values${each};`)
    }
  }
})

test('the metrics page recommends alerts only on metrics that exist', () => {
  const [, advice = ''] = /Worth an alert: ([\s\S]*?)\n\n/.exec(page) ?? []
  for (const [, name = ''] of advice.matchAll(/`(\w+)`/g)) {
    expect(Object.keys(metricTable)).toContain(name.replace('tollgate_', ''))
  }
})
