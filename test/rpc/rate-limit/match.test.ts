import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, type LimitRow, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

// What a descriptor matches: the look-up that envoyproxy/ratelimit documents, and the patterns that come with it here.
let plane: TestPlane
beforeAll(async () => {
  plane = await startPlane({ store: 'memory', settings: patient })
})
afterAll(() => plane[Symbol.asyncDispose]())

type Of = Readonly<Record<string, string>>

/** The amount of the limit that answered, by which the tests below tell limits apart; undefined: none matched. */
async function amounts(limits: readonly LimitRow[], descriptors: readonly Of[]): Promise<readonly unknown[]> {
  const domain = await createDomain(plane, { limits })
  const { code, statuses } = await domain.ask(descriptors.map((of) => ({ of })))
  expect(code).toBe('OK')
  return statuses.map(({ limit }) => limit?.amount)
}

describe('a descriptor', () => {
  test('of the values that a key may have takes the exact one, then the key alone', async () => {
    const limits = [
      { path: ['database=users'], columns: perYear(500) },
      { path: ['database=default'], columns: perYear(300) },
      { path: ['database'], columns: perYear(100) },
    ]
    const values = ['users', 'default', 'other', 'Users', '']
    expect(
      await amounts(
        limits,
        values.map((database) => ({ database })),
      ),
    ).toEqual([500, 300, 100, 100, 100])
  })

  test('matches nested entries in their order', async () => {
    const limits = [
      { path: ['message_type=marketing', 'to_number'], columns: perYear(5) },
      { path: ['to_number'], columns: perYear(100) },
    ]
    expect(
      await amounts(limits, [
        { message_type: 'marketing', to_number: '1' },
        { to_number: '1' },
        { to_number: '1', message_type: 'marketing' },
        { message_type: 'other', to_number: '1' },
      ]),
    ).toEqual([5, 100, undefined, undefined])
  })

  test('matches only limits with as many entries as it has', async () => {
    const limits = [
      { path: ['key=value'], columns: perYear(300) },
      { path: ['key=value', 'subkey', 'leaf'], columns: perYear(30) },
    ]
    expect(
      await amounts(limits, [
        { key: 'value' },
        { key: 'value', subkey: 'x' },
        { key: 'value', subkey: 'x', leaf: 'y' },
        { key: 'value', subkey: 'x', leaf: 'y', more: 'z' },
      ]),
    ).toEqual([300, undefined, 30, undefined])
  })

  test('does not go back to the key alone when its exact value leads nowhere', async () => {
    const limits = [
      { path: ['service=auth', 'user=a'], columns: perYear(10) },
      { path: ['service', 'user'], columns: perYear(20) },
    ]
    expect(
      await amounts(limits, [
        { service: 'auth', user: 'a' },
        { service: 'auth', user: 'b' },
        { service: 'web', user: 'b' },
      ]),
    ).toEqual([10, undefined, 20])
  })

  test('is not limited by a domain that has no such key', async () => {
    expect(await amounts([{ path: ['key'], columns: perYear(3) }], [{ other: 'x' }, { KEY: 'x' }])).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('a value with *', () => {
  test('matches what begins so, after exact values and before the key alone', async () => {
    const limits = [
      { path: ['path=/api/*'], columns: perYear(20) },
      { path: ['path=/api/login'], columns: perYear(5) },
      { path: ['path'], columns: perYear(1_000) },
    ]
    const values = ['/api/x', '/api/', '/api/login', '/api', '/API/x', '/other/api/x']
    expect(
      await amounts(
        limits,
        values.map((path) => ({ path })),
      ),
    ).toEqual([20, 20, 5, 1_000, 1_000, 1_000])
  })

  test('may have it anywhere and several times', async () => {
    const limits = [
      { path: ['path=/users/*/orders'], columns: perYear(1) },
      { path: ['path=*.png'], columns: perYear(2) },
      { path: ['path=/a*b*c'], columns: perYear(3) },
    ]
    const values = ['/users/7/orders', '/users/7/orders/1', '/img/x.png', '/a1b2c', '/abc', '/acb', '/a.c']
    expect(
      await amounts(
        limits,
        values.map((path) => ({ path })),
      ),
    ).toEqual([...[1, undefined, 2, 3, 3], ...[undefined, undefined]])
  })

  test('is tried by position, then by id', async () => {
    const limits = [
      { id: 'w-1', path: ['path=/a/*'], columns: { ...perYear(1), position: 5 } },
      { id: 'w-2', path: ['path=/a/b/*'], columns: { ...perYear(2), position: 1 } },
      { id: 'w-3', path: ['path=/c/*'], columns: perYear(3) },
      { id: 'w-4', path: ['path=/c/d/*'], columns: perYear(4) },
    ]
    const values = ['/a/b/x', '/a/x', '/c/d/x']
    expect(
      await amounts(
        limits,
        values.map((path) => ({ path })),
      ),
    ).toEqual([2, 1, 3])
  })

  test('takes longest texts in no time', async () => {
    const limits = [{ path: [`path=${'*a'.repeat(100)}*b`], columns: perYear(1) }]
    expect(await amounts(limits, [{ path: 'a'.repeat(60_000) }])).toEqual([undefined])
  })
})

describe('a pattern', () => {
  test('in RE2 matches the whole value', async () => {
    const limits = [{ path: [{ key: 'path', regex: '/v[0-9]+/(items|users)' }], columns: perYear(7) }]
    const values = ['/v1/items', '/v22/users', '/v1/items/3', 'x/v1/items', '/v1/other']
    expect(
      await amounts(
        limits,
        values.map((path) => ({ path })),
      ),
    ).toEqual([7, 7, undefined, undefined, undefined])
  })

  test('of addresses matches those inside it, and no text that is none', async () => {
    const limits = [
      { path: [{ key: 'remote_address', cidr: '10.0.0.0/8' }], columns: perYear(1) },
      { path: [{ key: 'remote_address', cidr: '2001:db8::/32' }], columns: perYear(2) },
    ]
    const values = ['10.1.2.3', '11.1.2.3', '2001:db8::1', '10.1.2.3.4', 'ten', '', '::ffff:10.1.2.3']
    expect(
      await amounts(
        limits,
        values.map((remote_address) => ({ remote_address })),
      ),
    ).toEqual([...[1, undefined, 2, undefined, undefined, undefined], 1])
  })
})

describe('limits', () => {
  test('of 0 refuse, which bans a value', async () => {
    const domain = await createDomain(plane, {
      limits: [
        { path: ['remote_address'], columns: perYear(10) },
        { path: ['remote_address=50.0.0.5'], columns: perYear(0) },
      ],
    })
    expect(await domain.tell({ remote_address: '50.0.0.1' })).toBe('OK 9')
    expect(await domain.tell({ remote_address: '50.0.0.5' })).toBe('OVER_LIMIT 0')
  })

  test('that are none match and are inside every limit, so that one value is let off', async () => {
    const domain = await createDomain(plane, {
      limits: [
        { path: ['user'], columns: perYear(0) },
        { path: ['user=root'], columns: { kind: 'none' } },
      ],
    })
    const { code, statuses } = await domain.ask([{ of: { user: 'root' } }])
    expect([code, statuses[0]?.limit]).toEqual(['OK', undefined])
    expect(await domain.tell({ user: 'x' })).toBe('OVER_LIMIT 0')
  })

  test('of one domain say nothing of another', async () => {
    const limits = [{ path: ['user'], columns: perYear(1) }]
    const [one, two] = [await createDomain(plane, { limits }), await createDomain(plane, { limits })]
    expect(await one.tell({ user: 'x' })).toBe('OK 0')
    expect(await two.tell({ user: 'x' })).toBe('OK 0')
    expect(await one.tell({ user: 'x' })).toBe('OVER_LIMIT 0')
  })
})
