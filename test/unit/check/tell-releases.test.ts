import { expect, test } from 'vitest'
import type { SpendStore } from '../../../src/check/ports.ts'
import { reportOf } from '../../../src/check/report.ts'
import { tellReleases } from '../../../src/check/tell-releases.ts'
import type { Subject } from '../../../src/core/subject.ts'
import { entry, ticket } from './factories.ts'

function telling(given: Partial<Pick<SpendStore, 'report' | 'release'>>) {
  const unused = (): never => {
    throw new Error('Not asked for here')
  }
  const others = { report: unused, release: unused, seed: unused, expire: unused }
  const store = { spend: unused, peek: unused, ...others, ...given, nowMs: () => 0 }
  const released: (readonly Subject[])[] = []
  const slots = { enter: unused, released: (subjects: readonly Subject[]) => void released.push(subjects) }
  return { store: tellReleases(store, slots), released }
}

const report = (type: 'end' | 'periodic') => reportOf({ ...entry, type }, { ticket: ticket(), reservationMs: 60_000 })

test('a final report that the store took wakes those who wait for its subjects', async () => {
  const { store, released } = telling({ report: async () => 'booked' })
  expect(await store.report(report('end'))).toBe('booked')
  expect(released).toEqual([ticket().subjects])
})

test('a report of a request under way wakes nobody, nor does one that the store did not take', async () => {
  const open = telling({ report: async () => 'booked' })
  await open.store.report(report('periodic'))
  const away = telling({ report: () => Promise.reject(new Error('away')) })
  await expect(away.store.report(report('end'))).rejects.toThrow('away')
  expect([...open.released, ...away.released]).toEqual([])
})

test('a release wakes those who wait for a slot of the subjects that it freed, and answers them', async () => {
  const { store, released } = telling({ release: async () => [{ kind: 'everyone', id: 'everyone', partition: 3 }] })
  const freed = [{ kind: 'everyone', id: 'everyone', partition: 3 }]
  expect(await store.release(ticket())).toEqual(freed)
  expect(released).toEqual([freed])
})
