import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  await portal.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
      ('daily', 'daily', 'quota', 'credits', 'account', 100, 'day');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every) VALUES
      ('api', 'api-requests', 'rate', 'requests', 'account', 'api', 10000, 10000, '1 second')`)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

interface Problem {
  readonly status: number
  readonly detail: string
  readonly errors?: readonly { readonly field: string; readonly message: string }[]
}

const hour = 3_600_000
const soon = new Date(Date.now() + 24 * hour).toISOString()

describe('lists and ranges', () => {
  test.each([
    ['GET /api/me/usage?limit=501', 'query.limit'],
    ['GET /api/me/usage?limit=0', 'query.limit'],
    ['GET /api/me/usage?limit=1e9', 'query.limit'],
    ['GET /api/me/usage?limit=ten', 'query.limit'],
    ['GET /api/me/usage?since=yesterday', 'query.since'],
    ['GET /api/me/usage?since=2026-02-31T00:00:00Z', 'query.since'],
    ['GET /api/me/usage?by=token', 'query.by'],
    ['GET /api/me/usage?sort=credits', 'query.sort'],
    ['GET /api/me?x=1&y=2', 'query.x'],
    ['GET /api/accounts/Alice', 'path.account'],
    ["GET /api/accounts/a'--", 'path.account'],
    ['GET /api/policy/token', 'path.table'],
    ['GET /api/requests?state=done', 'query.state'],
    [`GET /api/me/usage?cursor=${'a'.repeat(2_001)}`, 'query.cursor'],
  ])('%s is refused by the name of its field', async (what, field) => {
    const { status, body } = await portal.call(what, { token: people.adam })
    expect({ status, fields: (body as Problem).errors?.map((one) => one.field) }).toMatchObject({
      ...{ status: 400, fields: expect.arrayContaining([field]) },
    })
  })

  const nul = Buffer.from(JSON.stringify(['channels', '\u0000'])).toString('base64url')
  test.each([
    'GET /api/me/usage?resource=%00',
    'GET /api/policy/plan/%00',
    'GET /api/policy/plan?column=%00&value=x',
    'GET /api/policy/plan?column=id&value=%00',
    'GET /api/policy/plan?column=__proto__&value=x',
    'GET /api/policy/plan?column=constructor&value=x',
    'GET /api/policy/price_tier/artifact',
    'GET /api/policy/price_tier/artifact,x',
    'GET /api/audit?by=%00',
    'GET /api/audit?key=%00',
    `GET /api/channels?cursor=${nul}`,
    'GET /api/deliveries?cursor=WyJkZWxpdmVyaWVzIiwieCJd',
  ])('%s is the caller’s fault and not ours', async (what) => {
    const { status, body } = await portal.call(what, { token: people.adam })
    expect({ what, body, isTheirs: status >= 400 && status < 500 }).toMatchObject({ isTheirs: true })
  })

  test.each([
    ['PUT /api/policy/plan/nul', { note: 'a\u0000b' }],
    ['PUT /api/policy/plan/half', { note: '\ud800' }],
    ['PUT /api/policy/plan/x', { token_days_max: 'many' }],
    ['PUT /api/policy/plan/x', { token_days_max: 1e300 }],
    ['PUT /api/policy/plan/x', { nonsense: 1 }],
    ['PUT /api/policy/plan/x', { id: 'y' }],
    ['PUT /api/policy/plan/x', { token_days_max: [1, 2] }],
    ['PUT /api/policy/plan/x', { token_days_max: { a: 1 } }],
    ['PUT /api/policy/plan/Not-A-Slug', {}],
    ['POST /api/bans', { reason: 'x' }],
    ['POST /api/bans', { account: 'bob', network: '10.0.0.0/8', reason: 'x' }],
    ['POST /api/bans', { network: '300.0.0.0/8', reason: 'x' }],
    ['POST /api/bans', { account: 'nobody', reason: 'x' }],
    ['POST /api/bans', { account: 'bob', reason: '' }],
    ['POST /api/channels', { kind: 'webhook', target: 'https://x.example/\u0000' }],
    ['POST /api/channels', { kind: 'webhook', target: 'https://x.example/', secret: '\ud800' }],
    [
      'POST /api/grants',
      { limit: 'daily', for: { kind: 'account', id: 'bob' }, amount: 1, until: '2000-01-01T00:00:00Z' },
    ],
  ])('%s with %j is the caller’s fault and not ours', async (what, body) => {
    const told = await portal.call(what, { token: people.adam, body })
    expect({ body: told.body, isTheirs: told.status >= 400 && told.status < 500 }).toMatchObject({ isTheirs: true })
  })

  test.each([
    'GET /api/me/usage?by=hour&since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z',
    'GET /api/me/usage?since=2020-01-01T00:00:00Z&until=2026-06-01T00:00:00Z',
    'GET /api/me/usage?since=2026-06-02T00:00:00Z&until=2026-06-01T00:00:00Z',
    'GET /api/me/usage?since=9999-01-01T00:00:00Z&until=9999-01-02T00:00:00Z',
    'GET /api/me/refusals?since=2020-01-01T00:00:00Z',
    'GET /api/channels?account=bob&project=vision',
  ])('%s is refused in a sentence', async (what) => {
    const { status, body } = await portal.call(what, { token: people.adam })
    expect({ what, status }).toEqual({ what, status: 400 })
    expect((body as Problem).detail.length).toBeGreaterThan(10)
  })

  const forged = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')
  test.each([
    'nonsense',
    forged('x'),
    forged([]),
    forged(['tokens']),
    forged(['usage', 0, 8e15, 1]),
    forged(['usage', 0, Date.now(), 1]),
    forged(['usage', 'a', 'b', 'c']),
    forged(['usage', 1.5, 2.5, 1]),
    forged(['ranking', 0, 1, 1, 1, 1, 'x', 'pypi']),
    forged(['usage', Date.now(), Date.now() - hour, 1]),
  ])('the cursor %s is refused', async (cursor) => {
    const { status } = await portal.call(`GET /api/me/usage?cursor=${cursor}`, { token: people.alice })
    expect(status).toBe(400)
  })

  test.each([
    'requests',
    'grants',
    'channels',
    'alerts',
    'deliveries',
    'audit',
    'policy/plan',
    'projects/vision/people',
    'me/tokens',
    'me/refusals',
  ])('a cursor of another list, or of nothing, is refused by /api/%s', async (list) => {
    for (const cursor of [forged(['usage', 1, 2, 3]), forged([]), 'A'.repeat(500)]) {
      const { status } = await portal.call(`GET /api/${list}?cursor=${cursor}`, { token: people.adam })
      expect([400, 422]).toContain(status)
    }
    const own = forged([list.split('/').at(-1), "x' OR 1=1 --"])
    const { status } = await portal.call(`GET /api/${list}?cursor=${own}`, { token: people.adam })
    expect([200, 400, 422]).toContain(status)
  })
})

describe('bodies', () => {
  const wish = { limit: 'daily', amount: 5, until: soon }
  test.each([
    [{ ...wish, amount: 0 }, 'body.amount'],
    [{ ...wish, amount: -1 }, 'body.amount'],
    [{ ...wish, amount: 1.0001 }, 'body.amount'],
    [{ ...wish, amount: 1e300 }, 'body.amount'],
    [{ ...wish, amount: '5' }, 'body.amount'],
    [{ ...wish, until: 'tomorrow' }, 'body.until'],
    [{ ...wish, reason: 'x'.repeat(501) }, 'body.reason'],
    [{ ...wish, reason: 'a\u0000b' }, 'body.reason'],
    [{ ...wish, reason: 'half \ud800' }, 'body.reason'],
    [{ ...wish, reason: 'two\nlines' }, 'body.reason'],
    [{ ...wish, for: { kind: 'everyone', id: 'x' } }, 'body.for.kind'],
    [{ ...wish, state: 'approved' }, 'body.state'],
    [[], 'body'],
    ['null', 'body.limit'],
  ])('%j is refused by the name of its field', async (body, field) => {
    const told = await portal.call('POST /api/requests', { token: people.alice, body })
    expect({ status: told.status, fields: (told.body as Problem).errors?.map((one) => one.field) }).toMatchObject({
      ...{ status: 400, fields: expect.arrayContaining([field]) },
    })
  })

  test('all faulty fields are named at once', async () => {
    const body = { amount: -1, until: 'x', reason: 7, extra: true }
    const told = await portal.call('POST /api/requests', { token: people.alice, body })
    const fields = (told.body as Problem).errors?.map((one) => one.field).sort()
    expect([...new Set(fields)]).toEqual(['body.amount', 'body.extra', 'body.limit', 'body.reason', 'body.until'])
  })

  test.each([
    ['{"limit":', 400],
    ['{"__proto__":{"x":1},"limit":"daily"}', 400],
    [`{"reason":"${'x'.repeat(70_000)}"}`, 413],
  ])('%# is refused', async (body, status) => {
    const told = await portal.call('POST /api/requests', { token: people.alice, body })
    expect({ status: told.status, type: (told.body as { type: string }).type }).toMatchObject({ status })
    expect(told.headers.get('content-type')).toContain('application/problem+json')
    expect(JSON.stringify(told.body)).not.toMatch(/at .*\.(ts|js):\d/)
  })

  test.each(['application/xml', 'text/plain'])('what is not JSON, but %s, is 415', async (type) => {
    const told = await portal.call('POST /api/requests', {
      ...{ token: people.alice, body: '<x/>', headers: { 'content-type': type } },
    })
    expect(told.status).toBe(415)
  })

  test.each([
    ['POST /api/requests/ask-of-nobody/withdraw', 404],
    ['POST /api/deliveries/1/resend', 404],
    ['POST /api/requests/ask-of-nobody/decline', 404],
  ])('%s takes no body for no body, whatever type it is said to have', async (what, status) => {
    const headers = { 'content-type': 'application/json' }
    const told = await portal.call(what, { token: people.alice, headers })
    expect({ status: told.status, body: told.body }).toMatchObject({ status })
  })

  test.each([
    '<script>alert(1)</script>',
    '{{7*7}} #{7*7} %{7*7}',
    '=HYPERLINK("http://x")',
    "'; DROP TABLE tollgate.token; --",
    '𝕦𝕟𝕚𝕔𝕠𝕕𝕖 中文',
  ])('the text %j is kept as it is and given back as JSON', async (reason) => {
    const made = await portal.call('POST /api/requests', { token: people.bob, body: { ...wish, reason } })
    expect(made.status).toBe(201)
    const { id } = made.body as { id: string }
    const read = await portal.call(`GET /api/requests/${id}`, { token: people.bob })
    expect(read.body).toMatchObject({ reason })
    expect(read.headers.get('content-type')).toContain('application/json')
    await portal.call(`POST /api/requests/${id}/withdraw`, { token: people.bob })
  })
})

describe('HTTP', () => {
  test.each([
    ['GET /api/nothing', 404],
    ['GET /api/me/', 404],
    ['DELETE /api/me', 405],
    ['PATCH /api/requests', 405],
    ['POST /quota/status', 405],
    [`GET /api/accounts/${'a'.repeat(200)}`, 414],
    ['GET /api/accounts/%ff', 400],
    ['GET /api/accounts/..%2f..%2fetc', 400],
  ])('%s is %i as a problem', async (what, status) => {
    const told = await portal.call(what, { token: people.alice })
    expect({ what, status: told.status }).toEqual({ what, status })
    expect(told.headers.get('content-type')).toContain('application/problem+json')
    expect(told.headers.get('x-content-type-options')).toBe('nosniff')
    if (status === 405) expect(told.headers.get('allow')).toMatch(/[A-Z]/)
  })

  test('HEAD answers as GET without a body', async () => {
    const told = await portal.call('HEAD /api/me', { token: people.alice })
    expect({ status: told.status, body: told.body }).toEqual({ status: 200, body: '' })
  })

  test.each([
    ['not HTTP at all\r\n\r\n', 400],
    [`GET /api/me HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['GET /api/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['GET /api/me HTTP/1.1\r\n\r\n', 400],
  ])('the bytes of %# are refused, and the next caller is served', async (bytes, status) => {
    expect(await exchange(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect((await portal.call('GET /api/me', { token: people.alice })).status).toBe(200)
  })

  test('a client that sends its head letter by letter is cut after some seconds', async () => {
    const socket = open()
    socket.write('GET /api/me HTTP/1.1\r\nHost: x\r\n')
    const dripping = setInterval(() => socket.write('x'), 500)
    const text = await textOf(socket)
    clearInterval(dripping)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
  }, 20_000)
})

function open(): Socket {
  const socket = connect(Number(new URL(portal.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  return socket
}

async function exchange(bytes: string): Promise<string> {
  const socket = open()
  socket.write(bytes)
  return textOf(socket)
}

/** All that comes until the other side closes. */
async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}
