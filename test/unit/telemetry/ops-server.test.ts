import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import type { OpsCaller, OpsPage } from '../../../src/telemetry/ops-page.ts'
import { createOpsServer, type OpsServer } from '../../../src/telemetry/ops-server.ts'

const open: OpsServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function ops(missing: () => readonly string[] = () => []): Promise<string> {
  const server = await createOpsServer({ listen: { host: '127.0.0.1', port: 0 }, metrics: createMetrics(), missing })
  open.push(server)
  return `http://127.0.0.1:${server.address.port}`
}

test('/readyz is 503 and names what is missing until nothing is', async () => {
  let missing = ['policy', 'database']
  const url = await ops(() => missing)
  const before = await fetch(`${url}/readyz`)
  expect([before.status, await before.text()]).toEqual([503, 'policy\ndatabase\n'])
  missing = []
  const after = await fetch(`${url}/readyz?verbose`)
  expect([after.status, await after.text()]).toEqual([200, 'ready\n'])
})

test('/readyz says what is not as it should be although it is ready', async () => {
  const server = await createOpsServer({
    ...{ listen: { host: '127.0.0.1', port: 0 }, metrics: createMetrics(), missing: () => [] },
    warnings: async () => ['PostgreSQL does not answer'],
  })
  const page = await fetch(`http://127.0.0.1:${server.address.port}/readyz`)
  expect([page.status, await page.text()]).toEqual([200, 'ready\nwarning: PostgreSQL does not answer\n'])
  await server.close()
})

test('/metrics is Prometheus text, /livez is 200 also when not ready', async () => {
  const url = await ops(() => ['policy'])
  const metrics = await fetch(`${url}/metrics`)
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await metrics.text()).toContain('# TYPE tollgate_checks_total counter')
  expect((await fetch(`${url}/livez`)).status).toBe(200)
})

test('anything else is 404, another method 405, and a fault of a page 500', async () => {
  const url = await ops(() => {
    throw new Error('defect')
  })
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${url}/readyz`)).status).toBe(500)
  expect((await fetch(`${url}/livez`)).status).toBe(200)
})

test('a taken port rejects with the system’s error', async () => {
  const port = Number(new URL(await ops()).port)
  const second = createOpsServer({ listen: { host: '127.0.0.1', port }, metrics: createMetrics(), missing: () => [] })
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

describe('a page of another room', () => {
  const callers: OpsCaller[] = []
  const echo: OpsPage = {
    refusal(caller) {
      callers.push(caller)
      return undefined
    },
    answer: async (body) => ({
      status: 418,
      headers: { 'content-type': 'a/b', 'x-more': '1' },
      body: `${body.length}`,
    }),
  }
  const withPage = async (page = echo): Promise<string> => {
    const listen = { host: '127.0.0.1', port: 0 }
    const server = await createOpsServer({
      ...{ listen, metrics: createMetrics(), missing: () => [] },
      posts: { '/json': page },
    })
    open.push(server)
    return `http://127.0.0.1:${server.address.port}`
  }
  const post = (url: string, body: string | Buffer) =>
    fetch(url, { method: 'POST', body: new Uint8Array(Buffer.from(body)) })

  test('gets the body of a POST and answers as it will', async () => {
    const reply = await post(`${await withPage()}/json?x`, 'häh')
    expect([reply.status, reply.headers.get('content-type'), reply.headers.get('x-more'), await reply.text()]).toEqual([
      ...[418, 'a/b', '1', '4'],
    ])
    expect(callers.at(-1)).toEqual({ isLocal: true, isBrowser: false })
  })

  /** As a client that stops after its headers: what it is told does not wait for its body. */
  const told = (url: string, given: { readonly localAddress?: string; readonly headers?: Record<string, string> }) =>
    new Promise<string>((resolve, reject) => {
      const asked = request(url, { ...given, method: 'POST', headers: { 'content-length': '1000', ...given.headers } })
      asked.once('error', reject)
      asked.once('response', (response) => {
        text(response)
          .then((body) => resolve(`${response.statusCode} ${body}`), reject)
          .finally(() => asked.destroy())
      })
      asked.flushHeaders()
    })
  const refusing: OpsPage = {
    ...echo,
    refusal: (caller) => ({ status: 403, headers: {}, body: JSON.stringify(caller) }),
  }

  test('may refuse a caller before its body is read', async () => {
    const url = `${await withPage(refusing)}/json`
    expect(await told(url, {})).toBe('403 {"isLocal":true,"isBrowser":false}')
  })

  test('is told who asks: what a sidecar hands on from 127.0.0.6 is not this machine', async () => {
    const url = `${await withPage(refusing)}/json`
    expect(await told(url, { localAddress: '127.0.0.6' })).toBe('403 {"isLocal":false,"isBrowser":false}')
  })

  test.each([{ origin: 'https://example.org' }, { origin: 'null' }, { 'sec-fetch-site': 'same-origin' }])(
    'is told that a browser asks: %o',
    async (headers) => {
      const url = `${await withPage(refusing)}/json`
      expect(await told(url, { headers: { ...headers } })).toBe('403 {"isLocal":true,"isBrowser":true}')
    },
  )

  test('goes on with the next request of a connection whose body it refused', async () => {
    const url = `${await withPage(refusing)}/json`
    for (let nth = 0; nth < 3; nth += 1) expect((await post(url, Buffer.alloc(5_000_000))).status).toBe(403)
  })

  test('gets no body above 1 MiB: 413', async () => {
    const url = await withPage()
    expect(await (await post(`${url}/json`, Buffer.alloc(1_048_576))).text()).toBe('1048576')
    const reply = await post(`${url}/json`, Buffer.alloc(1_048_577))
    expect([reply.status, await reply.text()]).toEqual([413, 'The body may have 1048576 bytes at most\n'])
  })

  test('takes no other method, and is told of where nothing is found', async () => {
    const url = await withPage()
    const reply = await fetch(`${url}/json`)
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await (await fetch(`${url}/x`)).text()).toBe('Not found. Here are /metrics, /livez, /readyz, /json\n')
  })

  test('that fails is 500', async () => {
    const url = await withPage({ ...echo, answer: () => Promise.reject(new Error('defect')) })
    expect((await post(`${url}/json`, '')).status).toBe(500)
  })
})
