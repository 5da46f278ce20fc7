import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, patient } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const secondMs = 1_000
const dayMs = 86_400_000

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  let plane: TestPlane
  beforeAll(async () => {
    plane = await startPlane({ store, settings: patient })
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  async function statusOf(columns: Readonly<Record<string, unknown>>, hits = 1) {
    const domain = await createDomain(plane, { limits: [{ path: ['user'], columns }] })
    const { statuses } = await domain.ask([{ of: { user: 'a' } }], hits)
    return statuses[0]
  }

  describe('a window', () => {
    test.each([
      { unit: 'second', told: 'SECOND', lengthMs: secondMs },
      { unit: 'minute', told: 'MINUTE', lengthMs: 60 * secondMs },
      { unit: 'hour', told: 'HOUR', lengthMs: 3_600 * secondMs },
      { unit: 'day', told: 'DAY', lengthMs: dayMs },
      { unit: 'week', told: 'WEEK', lengthMs: 7 * dayMs },
      { unit: 'month', told: 'MONTH', lengthMs: 30 * dayMs },
      { unit: 'year', told: 'YEAR', lengthMs: 365 * dayMs },
    ])('per $unit is told with its unit and ends on a multiple of its length since 1970', async (row) => {
      const domain = await createDomain(plane, { limits: [{ path: ['user'], columns: { amount: 5, unit: row.unit } }] })
      const before = Date.now()
      const { statuses } = await domain.ask([{ of: { user: 'a' } }])
      const after = Date.now()
      const status = statuses[0]
      expect(status).toMatchObject({ code: 'OK', remaining: 4, limit: { amount: 5, unit: row.told } })
      const resetMs = status?.resetMs ?? Number.NaN
      expect(resetMs).toBeLessThanOrEqual(row.lengthMs)
      // The instant of the call lies between before and after; where a window ended meanwhile, nobody can say in which one it was.
      if (Math.floor(before / row.lengthMs) !== Math.floor(after / row.lengthMs)) return
      expect(resetMs).toBeLessThanOrEqual(row.lengthMs - (before % row.lengthMs) + 1)
      expect(resetMs).toBeGreaterThanOrEqual(row.lengthMs - (after % row.lengthMs) - 1)
    })

    test('of several units is any period, which no unit of the protocol names', async () => {
      const status = await statusOf({ amount: 5, unit: 'day', units: 10 })
      expect(status).toMatchObject({ code: 'OK', remaining: 4, limit: { amount: 5, unit: 'UNKNOWN' } })
      expect(status?.resetMs).toBeLessThanOrEqual(10 * dayMs)
    })

    test('with a time zone begins on its calendar', async () => {
      const zone = 'Asia/Shanghai'
      const endOf = () => {
        const now = Temporal.Now.zonedDateTimeISO(zone)
        const next = now.with({ month: 1, day: 1 }).startOfDay().add({ years: 1 })
        return next.epochMilliseconds
      }
      const domain = await createDomain(plane, {
        limits: [{ path: ['user'], columns: { amount: 5, unit: 'year', time_zone: zone } }],
      })
      const wanted = endOf()
      const startedMs = Date.now()
      const { statuses } = await domain.ask([{ of: { user: 'a' } }])
      const endMs = startedMs + (statuses[0]?.resetMs ?? 0)
      if (endOf() === wanted) expect(Math.abs(endMs - wanted)).toBeLessThan(5_000)
      expect(statuses[0]).toMatchObject({ remaining: 4, limit: { unit: 'YEAR' } })
    })

    test('of more than the protocol can say is told as the most it can', async () => {
      const status = await statusOf({ amount: 4_503_599_627_370_496, unit: 'year' })
      expect(status).toMatchObject({ remaining: 4_294_967_295, limit: { amount: 4_294_967_295 } })
    })
  })

  describe('a rate', () => {
    test('lets its burst through at once, refuses what is above, and says when it is there again', async () => {
      const domain = await createDomain(plane, {
        limits: [{ path: ['user'], columns: { kind: 'rate', amount: 1, unit: 'hour', burst: 3 } }],
      })
      const told = []
      for (let call = 0; call < 3; call += 1) told.push(await domain.tell({ user: 'a' }))
      expect(told).toEqual(['OK 2', 'OK 1', 'OK 0'])
      const refused = await domain.ask([{ of: { user: 'a' } }])
      expect(refused.code).toBe('OVER_LIMIT')
      const waitMs = JSON.parse(refused.body).retry_after_ms
      expect(waitMs).toBeGreaterThan(3_500_000)
      expect(waitMs).toBeLessThanOrEqual(3_600_000)
      expect(refused.headers['retry-after']).toBe('30')
    })

    test('refills', async () => {
      const domain = await createDomain(plane, {
        limits: [{ path: ['user'], columns: { kind: 'rate', amount: 50, unit: 'second', burst: 1 } }],
      })
      expect(await domain.tell({ user: 'a' })).toBe('OK 0')
      await expect.poll(() => domain.tell({ user: 'a' }), { timeout: 5_000, interval: 5 }).toBe('OK 0')
    })

    test('stands beside a window on one descriptor', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['user'], columns: { kind: 'rate', amount: 1, unit: 'hour', burst: 10, name: 'short' } },
          { path: ['user'], columns: { amount: 5, unit: 'year', name: 'long' } },
        ],
      })
      expect((await domain.ask([{ of: { user: 'a' } }], 5)).statuses[0]?.limit?.name).toBe('long')
      expect((await domain.ask([{ of: { user: 'a' } }], 1)).statuses[0]).toMatchObject({
        code: 'OVER_LIMIT',
        limit: { name: 'long' },
      })
      // All or nothing: the refused hit has left the rate as it was, at 5 of 10.
      await plane.policy(
        `UPDATE tollgate.descriptor_limit SET amount = 100 WHERE domain = '${domain.id}' AND name = 'long'`,
      )
      expect((await domain.ask([{ of: { user: 'a' } }], 5)).code).toBe('OK')
      expect((await domain.ask([{ of: { user: 'a' } }], 1)).statuses[0]).toMatchObject({
        code: 'OVER_LIMIT',
        limit: { name: 'short' },
      })
    })
  })

  describe('a concurrency limit', () => {
    const columns = { kind: 'concurrency', amount: 2, held_seconds: 3_600 }
    const trusting = { trusts_descriptors: true, surface: 'gpu' }
    const caps = (more: Readonly<Record<string, unknown>> = {}) =>
      createDomain(plane, { limits: [{ path: ['model'], columns: { ...columns, ...more } }], columns: trusting })

    test('gives out its slots by request, one each however often it asks, until the request ends', async () => {
      const domain = await caps()
      const ask = (request_id: string, model = 'm') => domain.tell({ model, request_id })
      expect([await ask('1'), await ask('1'), await ask('2'), await ask('3')]).toEqual([
        ...['OK 1', 'OK 1', 'OK 0'],
        'OVER_LIMIT 0',
      ])
      expect(await ask('3', 'other')).toBe('OK 1')
      const ended = await domain.ask([{ of: { model: 'm', request_id: '1', stream_done: 'yes' } }], 50)
      expect(ended).toMatchObject({ code: 'OK', statuses: [{ code: 'OK', limit: undefined }] })
      expect([await ask('3'), await ask('4')]).toEqual(['OK 0', 'OVER_LIMIT 0'])
    })

    test('only looks where nobody says whose the slot is', async () => {
      const domain = await caps()
      expect([await domain.tell({ model: 'm' }), await domain.tell({ model: 'm' })]).toEqual(['OK 2', 'OK 2'])
      for (const request_id of ['1', '2']) await domain.tell({ model: 'm', request_id })
      expect(await domain.tell({ model: 'm' })).toBe('OVER_LIMIT 0')
    })

    test('takes a slot back when its time is over', async () => {
      const domain = await caps({ held_seconds: 3, amount: 1 })
      const ask = (request_id: string) => domain.tell({ model: 'm', request_id })
      expect([await ask('1'), await ask('2')]).toEqual(['OK 0', 'OVER_LIMIT 0'])
      await expect.poll(() => ask('2'), { timeout: 20_000, interval: 50 }).toBe('OK 0')
    })
  })
})
