import { afterEach, expect, test } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
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
