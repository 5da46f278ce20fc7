import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

// What of a limit does not refuse: shadow, quota mode, and limits that others of the call replace.
describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  let plane: TestPlane
  beforeAll(async () => {
    plane = await startPlane({ store, settings: patient })
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  describe('shadow', () => {
    test('of a rule lets pass what it counts, and spares no other rule', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { id: `shadow-a-${store}`, path: ['service', 'user=a'], columns: { ...perYear(10), shadow: true } },
          { path: ['service', 'user=b'], columns: perYear(20) },
        ],
      })
      const tell = (user: string, hits: number) => domain.tell({ service: 'auth', user }, hits)
      expect(await tell('a', 10)).toBe('OK 0')
      expect(await tell('a', 3)).toBe('OK 0')
      expect(await tell('b', 20)).toBe('OK 0')
      expect(await tell('b', 1)).toBe('OVER_LIMIT 0')
      expect(domain.hits(`shadow-a-${store}`)).toEqual({ total: 13, within: 10, near: 2, over: 3, shadow: 3 })
    })

    test('of a rule does not let pass what another descriptor of the call refuses', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['user'], columns: { ...perYear(0), shadow: true } },
          { path: ['address'], columns: perYear(0) },
        ],
      })
      const { code, statuses } = await domain.ask([{ of: { user: 'a' } }, { of: { address: '1' } }])
      expect([code, statuses.map((status) => status.code)]).toEqual(['OVER_LIMIT', ['OK', 'OVER_LIMIT']])
    })

    test('of a rule keeps nothing else from being counted', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['user'], columns: { ...perYear(0), shadow: true } },
          { path: ['address'], columns: perYear(2) },
        ],
      })
      const both = [{ of: { user: 'a' } }, { of: { address: '1' } }]
      const codes = [await domain.ask(both), await domain.ask(both), await domain.ask(both)].map(({ code }) => code)
      expect(codes).toEqual(['OK', 'OK', 'OVER_LIMIT'])
    })

    test('of a domain refuses nothing, and counts', async () => {
      const limits = [{ id: `all-shadow-${store}`, path: ['user'], columns: perYear(1) }]
      const domain = await createDomain(plane, { limits, columns: { shadow: true } })
      const told = [
        await domain.tell({ user: 'a' }),
        await domain.tell({ user: 'a' }),
        await domain.tell({ user: 'a' }),
      ]
      expect(told).toEqual(['OK 0', 'OK 0', 'OK 0'])
      expect(domain.hits(`all-shadow-${store}`)).toMatchObject({ total: 3, over: 2, shadow: 2 })
      await plane.policy(`UPDATE tollgate.descriptor_domain SET shadow = false WHERE id = '${domain.id}'`)
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    })
  })

  describe('quota mode', () => {
    test('tells in metadata which descriptors are over, and refuses none of them', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['user'], columns: { ...perYear(1), quota_mode: true } },
          { path: ['address'], columns: perYear(5) },
        ],
        columns: { metadata: true },
      })
      const both = [{ of: { address: '1' } }, { of: { user: 'a' } }]
      const first = await domain.ask(both)
      expect(first.code).toBe('OK')
      expect(JSON.stringify(first.metadata)).not.toContain('quotaModeViolations')
      const second = await domain.ask(both)
      expect([second.code, second.statuses.map(({ code }) => code)]).toEqual(['OK', ['OK', 'OK']])
      expect(second.metadata).toMatchObject({ quotaModeViolations: [1] })
    })

    test('of a domain holds for all of its limits', async () => {
      const limits = [{ id: `all-quota-${store}`, path: ['user'], columns: perYear(1) }]
      const domain = await createDomain(plane, { limits, columns: { quota_mode: true, metadata: true } })
      expect(await domain.tell({ user: 'a' })).toBe('OK 0')
      const over = await domain.ask([{ of: { user: 'a' } }])
      expect(over).toMatchObject({ code: 'OK', metadata: { quotaModeViolations: [0] } })
      expect(domain.hits(`all-quota-${store}`)).toMatchObject({ total: 2, over: 1, quota: 1 })
    })
  })

  describe('replaces', () => {
    const named = (name: string, amount: number, replaces: readonly string[] = []) => ({
      ...perYear(amount),
      name,
      replaces: `{${replaces.join(',')}}`,
    })

    test('leaves the other limit out of a call that both apply to, and only of that', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['key_1=value_1', 'user'], columns: named('specific', 5) },
          { path: ['key_2=value_2', 'user'], columns: named('wide', 10, ['specific']) },
        ],
      })
      const [specific, wide] = [{ of: { key_1: 'value_1', user: 'b' } }, { of: { key_2: 'value_2', user: 'b' } }]
      const both = await domain.ask([specific, wide], 6)
      expect(both).toMatchObject({
        code: 'OK',
        statuses: [{ limit: undefined }, { remaining: 4, limit: { amount: 10 } }],
      })
      // Nothing was taken of the one that was left out.
      expect(await domain.tell(specific.of, 5)).toBe('OK 0')
      expect(await domain.tell(specific.of)).toBe('OVER_LIMIT 0')
      expect(await domain.tell(wide.of, 4)).toBe('OK 0')
    })

    test('works from a limit that is unlimited', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['user'], columns: named('general', 1) },
          { path: ['vip'], columns: { kind: 'unlimited', replaces: '{general}' } },
        ],
      })
      const both = [{ of: { user: 'a' } }, { of: { vip: 'yes' } }]
      for (let call = 0; call < 3; call += 1) expect((await domain.ask(both)).code).toBe('OK')
      expect(await domain.tell({ user: 'a' })).toBe('OK 0')
    })

    test('by each other leaves the first one, not none', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['a'], columns: named('one', 1, ['two']) },
          { path: ['b'], columns: named('two', 1, ['one']) },
        ],
      })
      const both = [{ of: { a: 'x' } }, { of: { b: 'x' } }]
      expect((await domain.ask(both)).statuses).toMatchObject([{ limit: { name: 'one' } }, { limit: undefined }])
      expect((await domain.ask(both)).code).toBe('OVER_LIMIT')
      const turned = await domain.ask(both.toReversed())
      expect(turned.statuses).toMatchObject([{ code: 'OK', limit: { name: 'two' } }, { limit: undefined }])
    })

    test('in a circle of three leaves the first one', async () => {
      const domain = await createDomain(plane, {
        limits: [
          { path: ['a'], columns: named('one', 3, ['two']) },
          { path: ['b'], columns: named('two', 3, ['three']) },
          { path: ['c'], columns: named('three', 3, ['one']) },
        ],
      })
      const { statuses } = await domain.ask([{ of: { a: 'x' } }, { of: { b: 'x' } }, { of: { c: 'x' } }])
      expect(statuses.map(({ limit }) => limit?.name)).toEqual(['one', undefined, undefined])
    })
  })
})
