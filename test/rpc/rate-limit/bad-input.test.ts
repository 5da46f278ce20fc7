import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'
import { createRateLimitClient, frameOf, type RateLimitClient } from '../support/rate-limit-client.ts'

// What envoyproxy/ratelimit gets wrong, and what nobody should send: each with our answer. After every one of them the next call is answered.
const yearUnit = 6
const refused = { code: 'OVER_LIMIT', statuses: [] }

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  let plane: TestPlane
  let client: RateLimitClient
  beforeAll(async () => {
    plane = await startPlane({ store, settings: patient })
    client = createRateLimitClient(plane.address, { timeoutMs: 20_000 })
    plane.defer(() => client.close())
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  const perUser = (amount: number, columns: Readonly<Record<string, unknown>> = {}) =>
    createDomain(plane, { limits: [{ path: ['user'], columns: perYear(amount) }], columns })

  describe('a limit that the call brings along', () => {
    test.each([0, 8, 99, 2_147_483_647])(
      'with unit %i, which is none, is left aside: the rule applies',
      async (unit) => {
        const domain = await perUser(2)
        const own = { of: { user: 'a' }, limit: { requestsPerUnit: 1_000, unit } }
        expect(await domain.ask([own])).toMatchObject({
          code: 'OK',
          statuses: [{ remaining: 1, limit: { amount: 2 } }],
        })
        expect(await domain.tell({ user: 'a' })).toBe('OK 0')
        expect((await domain.ask([own])).code).toBe('OVER_LIMIT')
      },
    )

    test('does not share the counter of a rule of its unit', async () => {
      const domain = await perUser(5)
      expect(await domain.tell({ user: 'a' }, 5)).toBe('OK 0')
      const own = { of: { user: 'a' }, limit: { requestsPerUnit: 5, unit: yearUnit } }
      expect(await domain.ask([own], 5)).toMatchObject({ code: 'OK', statuses: [{ remaining: 0 }] })
    })

    test('of the most that there is, is told as it is', async () => {
      const domain = await perUser(5)
      const own = { of: { user: 'a' }, limit: { requestsPerUnit: 4_294_967_295, unit: yearUnit } }
      expect(await domain.ask([own])).toMatchObject({ code: 'OK', statuses: [{ remaining: 4_294_967_294 }] })
    })
  })

  describe.each([
    ['2^63 - 1', '9223372036854775807'],
    ['2^63', '9223372036854775808'],
    ['2^64 - 8', '18446744073709551608'],
    ['2^64 - 1', '18446744073709551615'],
    ['2^53', '9007199254740992'],
  ])('hits of %s', (_, hits) => {
    test('are refused and leave the counter as it was', async () => {
      const domain = await perUser(10)
      expect(await domain.tell({ user: 'a' }, 8)).toBe('OK 2')
      expect((await domain.ask([{ of: { user: 'a' }, hits }])).code).toBe('OVER_LIMIT')
      expect(await domain.tell({ user: 'a' }, 2)).toBe('OK 0')
    })

    test('stay above the limit where refused hits are charged, however often they come', async () => {
      const domain = await perUser(10, { charges_refused: true })
      for (let call = 0; call < 3; call += 1) {
        const { code, statuses } = await domain.ask([{ of: { user: 'a' }, hits }])
        expect([code, statuses[0]?.remaining]).toEqual(['OVER_LIMIT', 0])
      }
      expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    })

    test('given back come to nothing used, and no more', async () => {
      const domain = await perUser(10)
      expect(await domain.tell({ user: 'a' }, 8)).toBe('OK 2')
      const back = await domain.ask([{ of: { user: 'a' }, hits, isNegative: true }])
      expect(back).toMatchObject({ code: 'OK', statuses: [{ remaining: 10 }] })
      expect(await domain.tell({ user: 'a' }, 11)).toBe('OVER_LIMIT 10')
    })
  })

  describe('texts that run into each other', () => {
    test('do not share a counter between keys, values and entries', async () => {
      const domain = await createDomain(plane, {
        limits: [
          ...[['a'], ['a_b'], ['a', 'b'], ['a_b_c'], [' '], ['a b'], ['a:b'], ['{a}']].map((path) => ({
            path,
            columns: perYear(1),
          })),
        ],
      })
      const alike = [
        { a: 'b_c_d' },
        { a_b: 'c_d' },
        { a: 'b', b: 'c_d' },
        { a_b_c: 'd' },
        { a: '' },
        { a: ' ' },
        { a: '1:a' },
        { 'a b': 'c' },
        { a: 'b c' },
        { 'a:b': 'c' },
        { a: 'b:c' },
        { '{a}': '1' },
        { a: '}' },
        { a: 'b\u0000' },
        { a: 'b' },
        { a: 'b\n' },
        { a: 'B' },
        { a: 'b', b: '' },
        { a: 'é' },
        { a: 'e\u0301' },
        { a: 'x'.repeat(5_000) },
        { a: `${'x'.repeat(4_999)}y` },
      ]
      for (const of of alike) expect([of, await domain.tell(of)]).toEqual([of, 'OK 0'])
      for (const of of alike) expect([of, await domain.tell(of)]).toEqual([of, 'OVER_LIMIT 0'])
    })

    test('do not share a counter between domains', async () => {
      const make = (id: string, key: string) =>
        createDomain(plane, { limits: [{ path: [key], columns: perYear(1) }], columns: { id } })
      const [long, short] = [await make('shop_a', 'b'), await make('shop', 'a_b')]
      expect(await long.tell({ b: 'c' })).toBe('OK 0')
      expect(await short.tell({ a_b: 'c' })).toBe('OK 0')
      expect(await long.tell({ b: 'c' })).toBe('OVER_LIMIT 0')
    })
  })

  describe('a rid that is no ticket of ours', () => {
    const limits = [
      { path: ['rid'], columns: perYear(1_000) },
      { path: ['account'], columns: perYear(1_000) },
    ]
    const forged = ['', 'alice', 'x'.repeat(5_000), 'v1.e30.AAAA', '\u0000']

    test.each([
      ['allow', {}, 'OVER_LIMIT'],
      ['deny', { posture: 'deny' }, 'OVER_LIMIT'],
      ['shadow mode', { posture: 'deny', shadow: true }, 'OK'],
    ] as const)('names nobody and matches no limit: under %s it comes to %s', async (_, columns, code) => {
      const domain = await createDomain(plane, { limits, columns })
      const before = plane.counts.get('descriptor_cases_total[invalid_rid]') ?? 0
      for (const rid of forged) {
        const told = await domain.ask([{ of: { rid }, limit: { requestsPerUnit: 1_000, unit: yearUnit } }])
        expect(told).toMatchObject({ code, statuses: [{ code, limit: undefined }] })
      }
      expect(plane.counts.get('descriptor_cases_total[invalid_rid]')).toBe(before + forged.length)
    })

    test('and an account by its name charges nobody where the domain trusts nobody', async () => {
      const domain = await createDomain(plane, { limits })
      expect(await domain.tell({ account: 'alice' })).toBe('OK 999')
    })
  })

  describe('a call', () => {
    test.each(['', 'nobody-knows', 'x'.repeat(60_000), '\u0000', 'a b\n'])('of domain %j is inside', async (domain) => {
      const asked = { domain, descriptors: [{ of: { user: 'a' } }, { of: { user: 'b' } }] }
      const { code, statuses } = await client.ask(asked)
      expect([code, statuses.map((status) => [status.code, status.limit])]).toEqual([
        'OK',
        [
          ['OK', undefined],
          ['OK', undefined],
        ],
      ])
    })

    test('without descriptors, or with empty ones, is inside', async () => {
      const domain = await perUser(0)
      expect(await domain.ask([])).toMatchObject({ code: 'OK', statuses: [] })
      const { code, statuses } = await domain.ask([{ of: {} }, { of: { '': '' } }, { of: { user: '' } }])
      expect([code, statuses.map((status) => status.code)]).toEqual(['OVER_LIMIT', ['OK', 'OK', 'OVER_LIMIT']])
      expect(await client.askBytes(Buffer.alloc(0))).toMatchObject({ code: 'OK', statuses: [] })
    })

    test.each([
      ['thousands of descriptors', Array.from({ length: 5_000 }, (_, nth) => ({ of: { user: String(nth) } }))],
      ['thousands of entries', [{ of: Array.from({ length: 5_000 }, (_, nth) => [`k${nth}`, 'v'] as const) }]],
      ['a value of 1 MB', [{ of: { user: 'x'.repeat(1_000_000) } }]],
      ['a key of 2 MB', [{ of: { ['x'.repeat(2_000_000)]: 'v' } }]],
      ['one descriptor too many', Array.from({ length: 101 }, (_, nth) => ({ of: longPath(nth) }))],
      ['one entry too many', [{ of: [...longPath(0), ['k20', 'v'] as const] }]],
    ])('with %s is refused, not let through, and takes nothing away from the next', async (_, descriptors) => {
      const domain = await perUser(2)
      expect(await domain.ask(descriptors)).toMatchObject(refused)
      expect(await domain.tell({ user: 'next' })).toBe('OK 1')
    })

    test('with 100 descriptors of 20 entries is counted', async () => {
      const path = longPath(0).map(([key]) => key)
      const domain = await createDomain(plane, { limits: [{ path: path.slice(0, 10), columns: perYear(2) }] })
      const most = Array.from({ length: 100 }, (_, nth) => ({ of: longPath(nth) }))
      const { code, statuses } = await domain.ask(most)
      expect([code, statuses.filter((status) => status.code === 'OK')]).toEqual(['OK', statuses])
      expect(statuses).toHaveLength(100)
      const counted = most.map(({ of }) => ({ of: of.slice(0, 10) }))
      const told = (await domain.ask(counted)).statuses.map((status) => [status.code, status.remaining])
      expect(told).toEqual(Array.from({ length: 100 }, () => ['OK', 1]))
    })

    test('of bytes that are not UTF-8 is read with marks in their place', async () => {
      const domain = await perUser(1)
      const frame = frameOf({ domain: domain.id, descriptors: [{ of: { user: 'QQQ' } }] })
      const at = frame.indexOf('QQQ')
      // A half of a surrogate pair, an overlong slash, a lone continuation.
      for (const [index, bytes] of [
        [0xed, 0xa0, 0x80],
        [0xc0, 0xaf, 0x41],
        [0x42, 0x80, 0x42],
      ].entries()) {
        Buffer.from(bytes).copy(frame, at)
        const { code, statuses } = await client.askBytes(frame)
        expect([index, code, statuses[0]?.limit?.amount]).toEqual([index, 'OK', 1])
      }
    })

    test('of any bytes has an answer', async () => {
      const domain = await perUser(1_000_000)
      const good = frameOf({ domain: domain.id, descriptors: [{ of: { user: 'a' }, hits: 3 }], hits: 2 })
      const codes = new Set<string>()
      for (let nth = 0; nth < 300; nth += 1) codes.add((await client.askBytes(randomBytes(nth))).code)
      for (let nth = 0; nth < 300; nth += 1) {
        const torn = Buffer.from(good)
        torn[nth % torn.length] = nth * 7
        codes.add((await client.askBytes(torn)).code)
        codes.add((await client.askBytes(good.subarray(0, nth % good.length))).code)
      }
      expect([...codes].toSorted()).toEqual(['OK', 'OVER_LIMIT'])
      expect(await domain.tell({ user: 'after' })).toBe('OK 999999')
    })
  })
})

function longPath(nth: number): readonly (readonly [string, string])[] {
  return Array.from({ length: 20 }, (_, index) => [`k${index}`, `v${nth}`] as const)
}
