import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const yearUnit = 6
const dayUnit = 4

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  let plane: TestPlane
  beforeAll(async () => {
    plane = await startPlane({ store, settings: patient })
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  const oneLimit = (amount: number, columns: Readonly<Record<string, unknown>> = {}) =>
    createDomain(plane, { limits: [{ path: ['user'], columns: perYear(amount) }], columns })

  describe('hits', () => {
    test('count down what is left, each value for itself, and refuse what is above', async () => {
      const domain = await oneLimit(2)
      expect(await domain.tell({ user: 'a' })).toBe('OK 1')
      expect(await domain.tell({ user: 'b' })).toBe('OK 1')
      expect(await domain.tell({ user: 'a' })).toBe('OK 0')
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
      expect(await domain.tell({ user: 'b' })).toBe('OK 0')
    })

    test('of the call count for every descriptor, 0 as 1, those of a descriptor go before', async () => {
      const domain = await oneLimit(10)
      const [a, b] = [{ of: { user: 'a' } }, { of: { user: 'b' }, hits: 4 }]
      const left = async (hits?: number) => (await domain.ask([a, b], hits)).statuses.map(({ remaining }) => remaining)
      expect(await left(3)).toEqual([7, 6])
      expect(await left(0)).toEqual([6, 2])
    })

    test('of 0 by a descriptor look and take nothing, also where all is used', async () => {
      const domain = await oneLimit(2)
      const look = async () => {
        const { code, statuses } = await domain.ask([{ of: { user: 'a' }, hits: 0 }], 7)
        return `${code} ${statuses[0]?.remaining}`
      }
      expect(await look()).toBe('OK 2')
      expect(await domain.tell({ user: 'a' }, 2)).toBe('OK 0')
      expect(await look()).toBe('OK 0')
      expect(await look()).toBe('OK 0')
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    })

    test('below 0 are given back, never below nothing used', async () => {
      const domain = await oneLimit(5)
      expect(await domain.tell({ user: 'a' }, 5)).toBe('OK 0')
      const giveBack = async (hits: number) => {
        const { code, statuses } = await domain.ask([{ of: { user: 'a' }, hits, isNegative: true }])
        return `${code} ${statuses[0]?.remaining}`
      }
      expect(await giveBack(2)).toBe('OK 2')
      expect(await giveBack(1_000)).toBe('OK 5')
      expect(await domain.tell({ user: 'a' }, 5)).toBe('OK 0')
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    })

    test('that are refused are not charged, unless the domain or the limit says so', async () => {
      const spare = await oneLimit(10)
      const charging = await oneLimit(10, { charges_refused: true })
      const limits = [{ path: ['user'], columns: { ...perYear(10), charges_refused: true } }]
      const chargingLimit = await createDomain(plane, { limits })
      const asked = [8, 5, 1] as const
      const answers = await Promise.all(
        [spare, charging, chargingLimit].map(async (domain) => {
          const told: string[] = []
          for (const hits of asked) told.push(await domain.tell({ user: 'a' }, hits))
          return told
        }),
      )
      expect(answers).toEqual([
        ['OK 2', 'OVER_LIMIT 2', 'OK 1'],
        ['OK 2', 'OVER_LIMIT 0', 'OVER_LIMIT 0'],
        ['OK 2', 'OVER_LIMIT 0', 'OVER_LIMIT 0'],
      ])
    })
  })

  describe('several descriptors', () => {
    const limits = [
      { path: ['user'], columns: perYear(3) },
      { path: ['address'], columns: perYear(1) },
    ]
    const both = [{ of: { user: 'a' } }, { of: { address: '1' } }]

    test('are taken all or not at all: what one refuses, none of them is charged', async () => {
      const domain = await createDomain(plane, { limits })
      expect((await domain.ask(both)).code).toBe('OK')
      for (let call = 0; call < 5; call += 1) {
        const { code, statuses } = await domain.ask(both)
        expect(code).toBe('OVER_LIMIT')
        expect(statuses.map((status) => `${status.code} ${status.remaining}`)).toEqual(['OK 2', 'OVER_LIMIT 0'])
      }
      expect(await domain.tell({ user: 'a' }, 2)).toBe('OK 0')
    })

    test('are counted each for itself where the domain says so', async () => {
      const domain = await createDomain(plane, { limits, columns: { counting: 'each' } })
      expect((await domain.ask(both)).code).toBe('OK')
      expect((await domain.ask(both)).statuses.map(({ remaining }) => remaining)).toEqual([1, 0])
      expect((await domain.ask(both)).statuses.map(({ remaining }) => remaining)).toEqual([0, 0])
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    })

    test('answer in the order of the call, a descriptor that matches nothing in its place', async () => {
      const domain = await createDomain(plane, { limits })
      const { code, statuses } = await domain.ask([{ of: { nothing: '1' } }, ...both, { of: { nothing: '2' } }])
      expect(code).toBe('OK')
      expect(statuses.map(({ limit }) => limit?.amount)).toEqual([undefined, 3, 1, undefined])
    })

    test('that are the same see each other', async () => {
      const domain = await createDomain(plane, { limits })
      const { code, statuses } = await domain.ask([{ of: { address: '9' } }, { of: { address: '9' } }])
      expect([code, statuses.map((status) => status.code)]).toEqual(['OVER_LIMIT', ['OK', 'OVER_LIMIT']])
      expect(await domain.tell({ address: '9' })).toBe('OK 0')
    })
  })

  test('several limits on one descriptor all apply, and the one closest to its end is shown', async () => {
    const domain = await createDomain(plane, {
      limits: [
        { path: ['user'], columns: { amount: 4, unit: 'month', name: 'monthly' } },
        { path: ['user'], columns: { amount: 6, unit: 'year', name: 'yearly' } },
      ],
    })
    const { statuses } = await domain.ask([{ of: { user: 'a' } }], 3)
    expect(statuses).toHaveLength(1)
    expect(statuses[0]).toMatchObject({ remaining: 1, limit: { amount: 4, unit: 'MONTH', name: 'monthly' } })
    const refused = await domain.ask([{ of: { user: 'a' } }], 2)
    expect(refused.statuses[0]).toMatchObject({ code: 'OVER_LIMIT', limit: { name: 'monthly' } })
    // A refusal by the month took nothing of the year either.
    expect(await domain.tell({ user: 'a' }, 1)).toBe('OK 0')
    const raised = `UPDATE tollgate.descriptor_limit SET amount = 100 WHERE domain = '${domain.id}' AND unit = 'month'`
    await plane.policy(raised)
    expect(await domain.tell({ user: 'a' }, 2)).toBe('OK 0')
    expect(await domain.tell({ user: 'a' }, 1)).toBe('OVER_LIMIT 0')
  })

  describe('a limit that the call brings along', () => {
    test('takes the place of the rules of that descriptor, and counts for itself', async () => {
      const domain = await oneLimit(1)
      const own = { of: { user: 'a' }, limit: { requestsPerUnit: 3, unit: yearUnit } }
      const { statuses } = await domain.ask([own])
      expect(statuses[0]).toMatchObject({ code: 'OK', remaining: 2, limit: { amount: 3, unit: 'YEAR' } })
      // Its counter is not the rule's.
      expect(await domain.tell({ user: 'a' })).toBe('OK 0')
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
      expect((await domain.ask([own])).statuses[0]).toMatchObject({ code: 'OK', remaining: 1 })
      // Another unit is another window, another amount the same one.
      const other = (requestsPerUnit: number, unit: number) =>
        domain.ask([{ of: { user: 'a' }, limit: { requestsPerUnit, unit } }])
      expect((await other(3, dayUnit)).statuses[0]).toMatchObject({ remaining: 2 })
      expect((await other(100, yearUnit)).statuses[0]).toMatchObject({ remaining: 97 })
    })

    test('applies where no rule does, and 0 means 0', async () => {
      const domain = await oneLimit(1)
      const asked = (requestsPerUnit: number) =>
        domain.ask([{ of: { other: 'x' }, limit: { requestsPerUnit, unit: yearUnit } }])
      expect((await asked(2)).statuses[0]).toMatchObject({ code: 'OK', remaining: 1 })
      expect((await asked(0)).code).toBe('OVER_LIMIT')
    })
  })

  test('share_threshold counts what matches together, else each value has its own', async () => {
    const path = [{ key: 'file', value: 'files/*', share_threshold: true }]
    const shared = await createDomain(plane, { limits: [{ path, columns: perYear(10) }] })
    expect(await shared.tell({ file: 'files/a.pdf' })).toBe('OK 9')
    expect(await shared.tell({ file: 'files/b.csv' })).toBe('OK 8')
    const apart = await createDomain(plane, { limits: [{ path: ['file=files/*'], columns: perYear(10) }] })
    expect(await apart.tell({ file: 'files/a.pdf' })).toBe('OK 9')
    expect(await apart.tell({ file: 'files/b.csv' })).toBe('OK 9')
  })

  test('unlimited is inside, whatever is asked, and says so', async () => {
    const domain = await createDomain(plane, { limits: [{ path: ['key'], columns: { kind: 'unlimited' } }] })
    const { code, statuses } = await domain.ask([{ of: { key: 'x' } }], 4_294_967_295)
    expect([code, statuses]).toEqual([
      'OK',
      [{ code: 'OK', limit: undefined, remaining: 4_294_967_295, resetMs: undefined }],
    ])
  })
})
