import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

// What stands in an answer beside the statuses, as docs/reference/rate-limit.md says.
let plane: TestPlane
beforeAll(async () => {
  plane = await startPlane({ store: 'memory', settings: patient })
})
afterAll(() => plane[Symbol.asyncDispose]())

const logins = [{ path: ['user'], columns: { ...perYear(2), name: 'logins' } }]
const user = [{ of: { user: 'a' } }]
const yearSeconds = 365 * 86_400

describe('an answer', () => {
  test('that passes has the headers of its domain, and never a content type', async () => {
    const domain = await createDomain(plane, { limits: logins })
    const { code, headers, body } = await domain.ask(user)
    expect([code, body]).toEqual(['OK', ''])
    expect(headers).toEqual({
      'ratelimit-policy': `"logins";q=2;w=${yearSeconds}`,
      ratelimit: expect.stringMatching(/^"logins";r=1;t=\d+$/),
    })
  })

  test.each([
    { columns: { headers: 'none' }, names: [] },
    { columns: { headers: 'ratelimit' }, names: ['ratelimit', 'ratelimit-policy'] },
    { columns: { headers: 'x_ratelimit' }, names: ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'] },
    {
      columns: { headers: 'both' },
      names: ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'],
    },
  ])('has the headers $columns.headers where the domain says so', async ({ columns, names }) => {
    const domain = await createDomain(plane, { limits: logins, columns })
    expect(Object.keys((await domain.ask(user)).headers).toSorted()).toEqual(names)
  })

  test('shows the tightest limit or all of them', async () => {
    const limits = [
      { path: ['user'], columns: { ...perYear(100), name: 'wide' } },
      { path: ['user'], columns: { amount: 5, unit: 'month', name: 'narrow' } },
    ]
    const shown = async (headers_show: string) => {
      const domain = await createDomain(plane, { limits, columns: { headers_show } })
      return (await domain.ask(user)).headers['ratelimit']
    }
    expect(await shown('tightest')).toMatch(/^"narrow";r=4;t=\d+$/)
    expect((await shown('all'))?.split(', ')).toEqual([
      expect.stringMatching(/^"(?:narrow";r=4|wide";r=99);t=\d+$/),
      expect.stringMatching(/^"(?:narrow";r=4|wide";r=99);t=\d+$/),
    ])
  })

  test('that refuses says so for a person and for a program', async () => {
    const domain = await createDomain(plane, { limits: logins, columns: { headers: 'none' } })
    await domain.ask(user, 2)
    const { code, headers, body, statuses } = await domain.ask(user)
    expect(code).toBe('OVER_LIMIT')
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    expect(headers).not.toHaveProperty('retry-after')
    const told = JSON.parse(body)
    expect(Math.abs(told.retry_after_ms - (statuses[0]?.resetMs ?? 0))).toBeLessThan(2_000)
    expect(told).toMatchObject({
      type: 'https://docs.example/blocked#rate_limit',
      status: 429,
      limit: 'logins',
      used: 2,
      amount: 2,
      detail: expect.stringContaining('for more ask the platform team'),
      retry_after_ms: expect.any(Number),
    })
  })

  test('that refuses more than there ever is, does not say when to come again as if it helped', async () => {
    const domain = await createDomain(plane, { limits: logins })
    const { code, body, headers } = await domain.ask(user, 3)
    expect(code).toBe('OVER_LIMIT')
    expect(headers).not.toHaveProperty('retry-after')
    for (const member of ['retry_after_ms', 'reset_at']) expect(JSON.parse(body)).not.toHaveProperty(member)
  })

  test('tells metadata only where the domain wants it', async () => {
    const [silent, telling] = [
      await createDomain(plane, { limits: logins }),
      await createDomain(plane, { limits: logins, columns: { metadata: true } }),
    ]
    expect((await silent.ask(user)).metadata).toBeUndefined()
    expect((await telling.ask([...user, { of: { nothing: '' } }])).metadata).toMatchObject({
      domain: telling.id,
      descriptors: [{ limit: 'logins', remaining: 1, over: false }, { over: false }],
    })
  })

  test('keeps to printable headers, whatever a limit is called', async () => {
    const name = 'ä"\\ 中'
    const domain = await createDomain(plane, {
      limits: [{ path: ['user'], columns: { ...perYear(2), name } }],
      columns: { headers: 'both', headers_show: 'all' },
    })
    const { headers, statuses } = await domain.ask(user)
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/)
    expect(headers['ratelimit']).toMatch(/;r=1;t=\d+$/)
    expect(statuses[0]?.limit?.name).toBe(name)
  })
})
