import { join } from 'node:path'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import type pg from 'pg'

export const rlsPath = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit'

const domain = 'bench'
const callers = 10_000
const amount = 4_294_967_295

/** Three limits that nobody reaches, as rows and as the reference's YAML. */
export async function writeRlsPolicy(client: pg.Client): Promise<void> {
  // The reference sends no headers unless told to.
  await client.query(`INSERT INTO tollgate.descriptor_domain (id, headers) VALUES ($1, 'none')`, [domain])
  await client.query(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit) VALUES
       ('address', $1, '[{"key":"remote_address"}]', $2, 'minute'),
       ('user', $1, '[{"key":"user"}]', $2, 'day'),
       ('user-path', $1, '[{"key":"path","value":"/api/v1/items"},{"key":"user"}]', $2, 'hour')`,
    [domain, amount],
  )
}

export const rlsYaml = `
domain: ${domain}
descriptors:
  - key: remote_address
    rate_limit: { unit: minute, requests_per_unit: ${amount} }
  - key: user
    rate_limit: { unit: day, requests_per_unit: ${amount} }
  - key: path
    value: /api/v1/items
    descriptors:
      - key: user
        rate_limit: { unit: hour, requests_per_unit: ${amount} }
`

/** RateLimitRequests of 10,000 callers with so many descriptors, encoded. */
export function rlsFrames(descriptors: 1 | 3): readonly Buffer[] {
  const { requestSerialize } = loadMethod()
  return Array.from({ length: callers }, (_, nth) => {
    const user = { key: 'user', value: `user-${nth}@example.com` }
    const paths = [
      [{ key: 'remote_address', value: `10.${nth >> 8}.${nth & 255}.7` }],
      [user],
      [{ key: 'path', value: '/api/v1/items' }, user],
    ]
    return requestSerialize({ domain, descriptors: paths.slice(0, descriptors).map((entries) => ({ entries })) })
  })
}

function loadMethod(): MethodDefinition<object, object> {
  const includeDirs = [join(import.meta.dirname, '../../../proto')]
  const loaded = loadSync('envoy/service/ratelimit/v3/rls.proto', { includeDirs })
  const service = loaded['envoy.service.ratelimit.v3.RateLimitService']
  return (service as Readonly<Record<string, unknown>>)['ShouldRateLimit'] as MethodDefinition<object, object>
}
