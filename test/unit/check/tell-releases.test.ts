import { expect, test } from 'vitest'
import type { SpendStore } from '../../../src/check/ports.ts'
import { reportOf } from '../../../src/check/report.ts'
import { tellReleases } from '../../../src/check/tell-releases.ts'
import type { Subject } from '../../../src/core/subject.ts'
import { entry, ticket } from './factories.ts'

function telling(report: SpendStore['report']) {
  const unused = (): never => {
    throw new Error('Not asked for here')
  }
  const store = { spend: unused, peek: unused, report, seed: unused, expire: unused, nowMs: () => 0 }
  const released: (readonly Subject[])[] = []
  const slots = { enter: unused, released: (subjects: readonly Subject[]) => void released.push(subjects) }
  return { store: tellReleases(store, slots), released }
}

const report = (type: 'end' | 'periodic') => reportOf({ ...entry, type }, { ticket: ticket(), reservationMs: 60_000 })

test('a final report that the store took wakes those who wait for its subjects', async () => {
  const { store, released } = telling(async () => 'booked')
  expect(await store.report(report('end'))).toBe('booked')
  expect(released).toEqual([ticket().subjects])
})

test('a report of a request under way wakes nobody, nor does one that the store did not take', async () => {
  const open = telling(async () => 'booked')
  await open.store.report(report('periodic'))
  const away = telling(() => Promise.reject(new Error('away')))
  await expect(away.store.report(report('end'))).rejects.toThrow('away')
  expect([...open.released, ...away.released]).toEqual([])
})
