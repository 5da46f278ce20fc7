import { expect, test } from 'vitest'
import { createObserver } from '../../../src/telemetry/create-observer.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

function observed(level: 'info' | 'warn' = 'info') {
  const lines: string[] = []
  let nowMs = 1_000_000
  const metrics = createMetrics()
  const log = createLog({ level, destination: { write: (line) => void lines.push(line) } })
  return {
    metrics,
    observer: createObserver({ log, metrics, nowMs: () => nowMs }),
    events: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    passMs: (ms: number) => {
      nowMs += ms
    },
  }
}

test('createObserver() carries numbers into the metrics, with 1 and no labels as defaults', async () => {
  const { metrics, observer } = observed()
  observer.count('unbooked_total')
  observer.count('unbooked_total', {}, 4)
  observer.set('stale_subjects', 3)
  observer.time('check_duration_seconds', 0.1)
  const text = await metrics.text()
  expect(text).toContain('tollgate_unbooked_total 5')
  expect(text).toContain('tollgate_stale_subjects 3')
  expect(text).toContain('tollgate_check_duration_seconds_sum 0.1')
})

test('createObserver() writes events with their details at their level', () => {
  const { observer, events } = observed('warn')
  observer.info('started')
  observer.warn('failed', { table: 'plan' })
  expect(events()).toMatchObject([{ level: 'warn', event: 'failed', table: 'plan' }])
})

test('createObserver() writes ten lines a second of one event and says how many it held back', () => {
  const { observer, events, passMs } = observed()
  for (let index = 0; index < 500; index += 1) observer.warn('store_away')
  observer.warn('another')
  expect(events()).toHaveLength(11)
  passMs(1_000)
  observer.warn('store_away')
  observer.warn('store_away')
  expect(events().slice(11)).toMatchObject([{ event: 'store_away', suppressed: 490 }, { event: 'store_away' }])
  expect(events().at(-1)).not.toHaveProperty('suppressed')
})
