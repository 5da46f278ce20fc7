import { expect, test } from 'vitest'
import { mergeMetrics } from '../../../src/telemetry/merge-metrics.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

test('mergeMetrics() shows each metric once, with the samples of every process told apart', () => {
  const head = '# HELP up Whether it is up.\n# TYPE up gauge\n'
  const calls = '# HELP calls Calls.\n# TYPE calls counter\n'
  const merged = mergeMetrics([
    { process: 'supervisor', text: `${head}up 1\n` },
    { process: '0', text: `${calls}calls{of="a{b} c"} 3\ncalls{of="d"} 4\n\n${head}up 0\n` },
    { process: '1', text: '' },
  ])
  expect(merged).toBe(
    `${head}up{process="supervisor"} 1\nup{process="0"} 0\n\n${calls}calls{process="0",of="a{b} c"} 3\ncalls{process="0",of="d"} 4\n`,
  )
})

test('mergeMetrics() keeps every sample of a real process', async () => {
  const metrics = createMetrics()
  metrics.count('checks_total', { verdict: 'allow', reason: 'none' }, 2)
  const text = await metrics.text()
  const samples = (of: string): number => of.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  const merged = mergeMetrics([
    { process: '0', text },
    { process: '1', text },
  ])
  expect(samples(merged)).toBe(2 * samples(text))
  expect(merged).toContain('tollgate_checks_total{process="1",verdict="allow",reason="none"} 2')
})
