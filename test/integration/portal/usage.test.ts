import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

interface Page {
  readonly rows: readonly { readonly key: string; readonly credits: number; readonly surface?: string }[]
  readonly total: { readonly credits: number; readonly requests: number }
  readonly next: string | null
}

const range = 'since=2026-11-01T00:00:00Z&until=2026-11-08T00:00:00Z'

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory', settings: { TOLLGATE_ROLES: 'ledger,sweeper' } })
  people = await seedPeople(portal)
  await book('alice', 'vision', { hours: 40, resources: 5 })
  await book('bob', 'vision', { hours: 3, resources: 2 })
  await book('fred', 'sound', { hours: 4, resources: 1 })
})
afterAll(() => portal?.[Symbol.asyncDispose]())

/** One request of 1.5 credits per hour and package, from the first of November on. */
async function book(account: string, project: string, many: { hours: number; resources: number }): Promise<void> {
  await portal.sql(
    `INSERT INTO tollgate.usage_hour (hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, requests, credits, bytes, gpu_ms)
     SELECT '2026-11-01T00:00Z'::timestamptz + h * interval '1 hour', $1, $2, 'research', 'pypi', 'package-' || r, 'charged', 1, 0, 1, 1.5, 1000, 0
       FROM generate_series(0, $3::int - 1) h, generate_series(1, $4::int) r`,
    [account, project, many.hours, many.resources],
  )
}

async function page(what: string, token = people.alice): Promise<Page> {
  const { status, body } = await portal.call(`GET ${what}`, { token })
  expect({ what, status, body }).toMatchObject({ status: 200 })
  return body as Page
}

/** Every page of a list. */
async function all(what: string, from = ''): Promise<readonly Page[]> {
  const pages = [await page(`${what}${from}`)]
  for (let next = pages[0]?.next ?? null; next !== null; next = pages.at(-1)?.next ?? null) {
    expect(pages.length).toBeLessThan(100)
    pages.push(await page(`${what}&cursor=${next}`))
  }
  return pages
}

test('by day, by hour and by package say the same total, in credits', async () => {
  for (const by of ['day', 'hour', 'resource']) {
    const one = await page(`/api/me/usage?by=${by}&${range}&limit=500`)
    expect(one.total).toMatchObject({ credits: 300, requests: 200 })
    expect(one.rows.reduce((sum, { credits }) => sum + credits, 0)).toBe(300)
  }
})

test('pages by the hour have each hour once, also while more is booked', async () => {
  const what = `/api/me/usage?by=hour&${range}&limit=7`
  const first = await page(what)
  await portal.sql(`INSERT INTO tollgate.usage_hour (hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, requests, credits, bytes, gpu_ms)
    VALUES ('2026-11-06T00:00Z', 'alice', 'vision', 'research', 'pypi', 'late', 'free', 1, 0, 1, 0, 0, 0)`)
  const rest = await all(what, `&cursor=${first.next}`)
  const keys = [first, ...rest].flatMap(({ rows }) => rows.map(({ key }) => key))
  expect(keys.length).toBe(40)
  expect(new Set(keys).size).toBe(40)
  expect(keys).toEqual(keys.toSorted().reverse())
  for (const one of rest) expect(one.total.credits).toBe(300)
})

test('pages of a ranking have each package once', async () => {
  const pages = await all(`/api/me/usage?by=resource&${range}&limit=2`)
  const keys = pages.flatMap(({ rows }) => rows.map(({ key }) => key))
  expect(keys.toSorted()).toEqual(['late', 'package-1', 'package-2', 'package-3', 'package-4', 'package-5'])
})

test('a ranking of many is read page by page, and a forged place in it reads no further than any', async () => {
  await portal.sql(`INSERT INTO tollgate.usage_hour (hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, requests, credits, bytes, gpu_ms)
    SELECT '2026-10-02T00:00Z', 'lena', 'vision', 'research', 'pypi', 'p' || n, 'charged', 1, 0, 1, n % 7, 0, 0 FROM generate_series(1, 700) n`)
  const october = range.replaceAll('2026-11', '2026-10')
  const keys: string[] = []
  let next: string | null = ''
  while (next !== null) {
    const cursor: string = next === '' ? '' : `&cursor=${next}`
    const one: Page = await page(`/api/me/usage?by=resource&${october}&limit=150${cursor}`, people.lena)
    keys.push(...one.rows.map(({ key }) => key))
    next = one.next
  }
  expect(keys.length).toBe(700)
  expect(new Set(keys).size).toBe(700)
  const [since, until] = [Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 8)]
  for (const seen of [0, 10_001, 1.5]) {
    const place = JSON.stringify(['ranking', since, until, seen, 1, 1, 'x', 'pypi'])
    const what = `GET /api/me/usage?by=resource&cursor=${Buffer.from(place).toString('base64url')}`
    expect((await portal.call(what, { token: people.lena })).status).toBe(400)
  }
})

test('one package in any spelling', async () => {
  const one = await page(`/api/me/usage?by=day&${range}&resource=Package_1`)
  expect(one.total.credits).toBe(60)
})

test('a lead sees the ranking of the project, and nobody else’s', async () => {
  const one = await page(`/api/projects/vision/usage?${range}`, people.lena)
  expect(one.rows.map(({ key, credits }) => [key, credits])).toEqual([
    ['alice', 300],
    ['bob', 9],
  ])
  expect(one.total.credits).toBe(309)
  const days = await page(`/api/projects/sound/usage?by=day&${range}`, people.fay)
  expect(days.total.credits).toBe(6)
})

test('what was refused is shown by the hour, and its packages to the person alone', async () => {
  await portal.sql(`INSERT INTO tollgate.refusal_hour VALUES
    (date_trunc('hour', now(), 'UTC'), 'alice', 'vision', 'research', 'pypi', 'numpy', 'daily', 'quota', 3, now(), now()),
    (date_trunc('hour', now(), 'UTC'), 'alice', 'vision', 'research', 'pypi', '', '', 'denied', 1, now(), now())`)
  const own = await portal.call('GET /api/me/refusals', { token: people.alice })
  expect(own.body).toMatchObject({
    rows: expect.arrayContaining([
      expect.objectContaining({ resource: 'numpy', limit: 'daily', cause: 'quota', count: 3 }),
      expect.objectContaining({ resource: null, limit: null, cause: 'denied', count: 1 }),
    ]),
    next: null,
  })
  for (const what of ['GET /api/accounts/alice/refusals', 'GET /api/projects/vision/refusals']) {
    const seen = await portal.call(what, { token: people.lena })
    expect(JSON.stringify(seen.body)).not.toContain('numpy')
    expect((seen.body as { rows: object[] }).rows.length).toBe(2)
  }
  const first = await portal.call('GET /api/me/refusals?limit=1', { token: people.alice })
  const { next } = first.body as { next: string }
  const second = await portal.call(`GET /api/me/refusals?limit=1&cursor=${next}`, { token: people.alice })
  expect(second.body).toMatchObject({ rows: [{ account: 'alice' }], next: null })
  expect(second.body).not.toEqual(first.body)
})

test('a lead sees who is in the project, page by page', async () => {
  const seen: string[] = []
  let cursor = ''
  for (;;) {
    const { body } = await portal.call(`GET /api/projects/vision/people?limit=2${cursor}`, { token: people.lena })
    const { rows, next } = body as { rows: { account: string; active_tokens: number }[]; next: string | null }
    seen.push(...rows.map(({ account }) => account))
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  expect(seen).toEqual(['adam', 'alice', 'bob', 'lena'])
})
