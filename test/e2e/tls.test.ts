import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { call, untilReply } from '../../demo/caller.ts'
import type { World } from '../../demo/world.ts'
import type { Config } from '../../envoy/config.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { createAuthority } from '../support/certificates.ts'
import { metricsOf } from '../support/metrics.ts'
import { addAccount } from '../support/people.ts'
import { fixedEntry, withCases } from '../support/rate-limit-mesh.ts'
import { createWorld } from '../support/world.ts'

const guide = readFileSync(new URL('../../docs/guides/operations.md', import.meta.url), 'utf8')

let folder = ''
let world: World
let token = ''

interface Cluster {
  readonly load_assignment: Config
}

/** Envoy's own part of the guide, with files of this test. */
function transportSocket(files: Readonly<Record<string, string>>): Config {
  const [, text = ''] = /```yaml\n(transport_socket:\n[^`]*)```/.exec(guide) ?? []
  const replaced = Object.entries(files).reduce((part, [from, to]) => part.replace(from, to), text)
  expect(replaced).not.toContain('/etc/envoy')
  return parse(replaced) as Config
}

/** Every cluster of Tollgate's is reached over TLS in place of its socket. */
function overTls(config: Config, { port, socket }: { readonly port: number; readonly socket: Config }): Config {
  const text = JSON.stringify(config, (key, value: unknown) => {
    if (key !== 'clusters') return value
    return (value as readonly Cluster[]).map((cluster) => {
      const assignment = JSON.stringify(cluster.load_assignment)
      if (!assignment.includes('"pipe"')) return cluster
      const address = JSON.stringify({ socket_address: { address: '127.0.0.1', port_value: port } })
      return { ...cluster, ...socket, load_assignment: JSON.parse(assignment.replace(/\{"pipe":\{[^}]*\}\}/, address)) }
    })
  })
  expect(text).not.toContain('"pipe"')
  return JSON.parse(text) as Config
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'e2e-tls-'))
  const authority = createAuthority(folder)
  const server = authority.issue({ name: 'tollgate', alsoNamed: ['DNS:tollgate.mesh.example'] })
  const envoy = authority.issue({ name: 'envoy', alsoNamed: ['URI:spiffe://mesh.example/envoy'] })
  const port = await findFreePort()
  const socket = transportSocket({
    '/etc/envoy/tls/tls.crt': envoy.cert,
    '/etc/envoy/tls/tls.key': envoy.key,
    '/etc/envoy/tollgate/ca.crt': authority.cert,
  })
  const cases = [{ name: 'plain', rateLimits: [{ actions: [fixedEntry('route', 'plain')] }] }]
  world = await createWorld({
    store: 'redis',
    rateLimitDomain: 'edge',
    mesh: (config) => overTls(withCases(config, { cases, logBuffer: '0.1s' }), { port, socket }),
    settings: {
      TOLLGATE_GRPC_ADDRESS: `127.0.0.1:${port}`,
      TOLLGATE_GRPC_TLS_CERT: server.cert,
      TOLLGATE_GRPC_TLS_KEY: server.key,
      TOLLGATE_GRPC_CLIENT_CA: authority.cert,
      TOLLGATE_GRPC_CLIENT_NAMES: 'spiffe://mesh.example/envoy',
    },
  })
  await world.sql(`INSERT INTO tollgate.descriptor_domain (id) VALUES ('edge')`)
  await world.sql(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, kind, amount, unit)
    VALUES ('plain', 'edge', '[{"key":"route","value":"plain"}]', 'window', 0, 'day')`)
  token = await addAccount(world, 'distant')
})
afterAll(async () => {
  await world.stop()
  rmSync(folder, { recursive: true })
})

test('an Envoy that shows its certificate asks over TLS: Checks, rate limits, and its access log', async () => {
  const url = `${world.baseUrl}/simple/fig/`
  await untilReply({ url, token }, ({ status }) => status === 200, 5_000)
  expect((await call({ url, token: 'tg_unknown' })).status).toBe(401)
  await untilReply({ url, token, headers: { 'x-case': 'plain' } }, ({ status }) => status === 429, 5_000)
  const ends = async (): Promise<number> =>
    (await metricsOf(world)).sum('tollgate_access_log_entries_total', 'entry="end"')
  await expect.poll(ends, { timeout: 5_000 }).toBeGreaterThan(0)
  expect((await metricsOf(world)).sum('tollgate_tls_refusals_total')).toBe(0)
})
