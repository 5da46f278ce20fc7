import { expect, test } from 'vitest'
import { reportOf } from '../../../src/check/report.ts'
import { createRetryQueue } from '../../../src/check/retry-queue.ts'
import type { Report, ReportAnswer } from '../../../src/core/charge.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { entry, ticket } from './factories.ts'

const report = reportOf(entry, { ticket: ticket(), reservationMs: 1_000 })

test('a report that failed is tried until the store has it', async () => {
  const answers: (ReportAnswer | Error)[] = [new Error('away'), 'early', 'booked']
  const tried: Report[] = []
  const queue = createRetryQueue({
    observer: silentObserver,
    nowMs: Date.now,
    report: async (one) => {
      tried.push(one)
      const answer = answers.shift()
      if (answer instanceof Error || answer === undefined) throw answer ?? new Error('Asked too often')
      return answer
    },
  })
  queue.add(report)
  await expect.poll(() => queue.size(), { timeout: 5_000 }).toBe(0)
  expect(tried).toEqual([report, report, report])
})

test('what is older than ten minutes is dropped and counted', async () => {
  let nowMs = 0
  const dropped: string[] = []
  const queue = createRetryQueue({
    observer: { ...silentObserver, count: (metric, labels = {}) => void dropped.push(`${metric} ${labels['reason']}`) },
    nowMs: () => nowMs,
    report: () => Promise.reject(new Error('away')),
  })
  queue.add(report)
  nowMs = 10 * 60_000 + 1
  await queue.stop()
  expect(queue.size()).toBe(0)
  expect(dropped).toEqual(['reports_dropped_total old'])
})

test('a full queue takes no more and counts it', () => {
  const dropped: string[] = []
  const queue = createRetryQueue({
    observer: { ...silentObserver, count: (metric, labels = {}) => void dropped.push(`${metric} ${labels['reason']}`) },
    nowMs: Date.now,
    report: () => new Promise(() => undefined),
  })
  for (let nth = 0; nth < 20_001; nth += 1) queue.add(report)
  expect(queue.size()).toBe(20_000)
  expect(dropped).toEqual(['reports_dropped_total full'])
})
