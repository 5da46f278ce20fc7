import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { createKeyPrefix } from '../../support/redis.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const upstream = { upstream: 'mirror' }
const wheel = '/packages/aa/demo-1.0-py3-none-any.whl'
const page = { files: [{ url: '../../packages/aa/demo-1.0-py3-none-any.whl', size: 7_000_000 }] }
const json = { 'content-type': 'application/vnd.pypi.simple.v1+json; charset=utf-8' }

interface Origin extends AsyncDisposable {
  readonly url: string
  readonly asked: {
    readonly path: string
    readonly authorization: string
    readonly accept: string
    readonly agent: string
  }[]
}

async function startOrigin(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Origin> {
  const asked: Origin['asked'] = []
  const server = createServer((request, response) => {
    const { authorization = '', accept = '', 'user-agent': agent = '' } = request.headers
    asked.push({ path: request.url ?? '', authorization, accept, agent })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One credit for each MB, an unknown file is taken for 2 MB. */
async function priceBySize(plane: TestPlane, origin: string): Promise<void> {
  await plane.policy(`
    UPDATE tollgate.upstream SET origin_url = '${origin}', credential = 'env:TOLLGATE_UPSTREAM_MIRROR' WHERE id = 'mirror';
    UPDATE tollgate.price_rule SET base_credits = 0, assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1000000, 'day')`)
}

const secret = { TOLLGATE_UPSTREAM_MIRROR: 'Basic bWlycm9yOnNlY3JldA==' }

/** Credits that a request for the wheel reserves. */
function estimating(plane: TestPlane): (headers?: Readonly<Record<string, string>>) => Promise<number> {
  const client = plane.client()
  return async (headers = {}) => {
    const token = await plane.token()
    const used = async (): Promise<number> =>
      JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used
    const before = await used()
    await client.check({ token, path: wheel, extensions: upstream, headers })
    return (await used()) - before
  }
}

test('a page that a client asks for tells the sizes of its files, asked for once and with the credential of the upstream', async () => {
  await using origin = await startOrigin((_, response) => response.writeHead(200, json).end(JSON.stringify(page)))
  await using plane = await startPlane({ settings: secret })
  await priceBySize(plane, origin.url)
  const estimate = estimating(plane)
  expect(await estimate()).toBe(2)
  const token = await plane.token()
  const ask = { token, path: '/simple/demo/', extensions: upstream }
  await Promise.all(Array.from({ length: 20 }, () => plane.client().check(ask)))
  await expect.poll(() => plane.counts.get('index_fetches_total[learnt]')).toBe(1)
  expect(await estimate()).toBe(7)
  expect(await estimate({ range: 'bytes=6000000-' })).toBe(1)
  expect(await estimate({ range: 'bytes=6000000-', 'if-range': '"tag"' })).toBe(7)
  expect(origin.asked).toEqual([
    {
      path: '/simple/demo/',
      authorization: secret.TOLLGATE_UPSTREAM_MIRROR,
      accept: 'application/vnd.pypi.simple.v1+json',
      agent: `tollgate/${manifest.version}`,
    },
  ])
})

test('all spellings of a package are one page', async () => {
  await using origin = await startOrigin((_, response) => response.writeHead(200, json).end(JSON.stringify(page)))
  await using plane = await startPlane({ settings: secret })
  await priceBySize(plane, origin.url)
  const token = await plane.token()
  for (const name of ['F77_x', 'f77-x', 'F%377.x'])
    await plane.client().check({ token, path: `/simple/${name}/`, extensions: upstream })
  await plane.client().check({ token, path: '/simple/demo/', extensions: upstream })
  await expect.poll(() => plane.counts.get('index_fetches_total[learnt]')).toBe(2)
  expect(origin.asked.map(({ path }) => path)).toEqual(['/simple/f77-x/', '/simple/demo/'])
})

test('who is refused makes nobody ask the upstream', async () => {
  await using origin = await startOrigin((_, response) => response.writeHead(200, json).end(JSON.stringify(page)))
  await using plane = await startPlane({ settings: secret })
  await priceBySize(plane, origin.url)
  await plane.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every)
    VALUES ('r', 'requests', 'rate', 'requests', 1, 1, '1 hour')`)
  const token = await plane.token()
  const asks = ['one', 'two', 'three'].map((name) => ({ token, path: `/simple/${name}/`, extensions: upstream }))
  const allowed: boolean[] = []
  for (const ask of asks) allowed.push((await plane.client().check(ask)).allowed)
  expect(allowed).toEqual([true, false, false])
  await expect.poll(() => plane.counts.get('index_fetches_total[learnt]')).toBe(1)
  expect(origin.asked.map(({ path }) => path)).toEqual(['/simple/one/'])
})

test('what one process learnt is known to the others', async () => {
  await using origin = await startOrigin((_, response) => response.writeHead(200, json).end(JSON.stringify(page)))
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using first = await startPlane({ settings: { ...secret, TOLLGATE_KEY_PREFIX: keyPrefix } })
  await priceBySize(first, origin.url)
  await using second = await startPlane({ settings: secret, beside: { databaseUrl: first.databaseUrl, keyPrefix } })
  await first.client().check({ token: await first.token(), path: '/simple/demo/', extensions: upstream })
  await expect.poll(() => first.counts.get('index_fetches_total[learnt]')).toBe(1)
  const estimate = estimating(second)
  await expect.poll(() => estimate()).toBe(7)
  await using third = await startPlane({ settings: secret, beside: { databaseUrl: first.databaseUrl, keyPrefix } })
  expect(await estimating(third)()).toBe(7)
  expect(origin.asked).toHaveLength(1)
})

test.each([
  [
    'HTML',
    (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<a>'),
    'no_json',
  ],
  [
    'more than 4 MiB',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, json).end(' '.repeat(5_000_000)),
    'no_json',
  ],
  [
    'half a page',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, json).end('{"files": ['),
    'failed',
  ],
  ['an error', (_: IncomingMessage, response: ServerResponse) => response.writeHead(503).end(), 'failed'],
  [
    'a redirect',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { location: '/x' }).end(),
    'failed',
  ],
  ['nothing', (_: IncomingMessage, response: ServerResponse) => response.destroy(), 'failed'],
] as const)('an index that answers %s teaches nothing and holds up nobody', async (_, answer, result) => {
  await using origin = await startOrigin(answer)
  await using plane = await startPlane({ settings: secret })
  await priceBySize(plane, origin.url)
  const { metadata } = await plane
    .client()
    .check({ token: await plane.token(), path: '/simple/demo/', extensions: upstream })
  expect(metadata['ticket']).toBeDefined()
  await expect.poll(() => plane.counts.get(`index_fetches_total[${result}]`)).toBe(1)
  expect(origin.asked.map(({ path }) => path)).toEqual(['/simple/demo/'])
  expect(await estimating(plane)()).toBe(2)
})

test('a file of a devpi is one file in both spellings of its path', async () => {
  await using origin = await startOrigin((_, response) => {
    const file = { url: '../../%2Bf/abc/0123456789abc/demo-1.0-py3-none-any.whl', size: 7_000_000 }
    response.writeHead(200, json).end(JSON.stringify({ files: [file] }))
  })
  await using plane = await startPlane({ settings: secret })
  await priceBySize(plane, origin.url)
  await plane.policy(`UPDATE tollgate.upstream SET grammar = 'devpi' WHERE id = 'mirror'`)
  const client = plane.client()
  const token = await plane.token()
  const used = async () =>
    JSON.parse((await client.check({ token, path: '/quota/status', extensions: upstream })).body).used
  await client.check({ token, path: '/root/mir/+simple/demo/', extensions: upstream })
  await expect.poll(() => plane.counts.get('index_fetches_total[learnt]')).toBe(1)
  const before = await used()
  for (const spelling of ['+f', '%2Bf', '%2bf']) {
    const path = `/root/mir/${spelling}/abc/0123456789abc/demo-1.0-py3-none-any.whl`
    await client.check({ token, path, extensions: upstream })
  }
  expect((await used()) - before).toBe(21)
})
