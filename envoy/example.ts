import { writeFileSync } from 'node:fs'
import { type MeshOptions, meshBootstrap } from './bootstrap.ts'
import type { Config } from './config.ts'
import { rateLimitReasons, reasons } from './reasons.ts'
import { writeYaml } from './yaml.ts'

const HEADER = `# Envoy 1.40 asking Tollgate about every request, as a file to start from: envoy -c envoy/tollgate.yaml
# Replace: the addresses, the sockets (they stand twice), the routes. Written by \`node envoy/example.ts\`; edit
# envoy/bootstrap.ts and envoy/reasons.ts instead.
`

const RATE_LIMITS_HEADER = `# As envoy/tollgate.yaml, with a rate limit filter after Check: envoy -c envoy/tollgate-rate-limits.yaml
# Its limits are rows of tollgate.descriptor_limit in the domain \`edge\`. Written by \`node envoy/example.ts\` too.
`

/** The configuration as a reader finds it in \`envoy/tollgate.yaml\`. */
export function exampleYaml(): string {
  return HEADER + writeYaml(exampleConfig({}), reasons)
}

/** The same with a rate limit filter, as in \`envoy/tollgate-rate-limits.yaml\`. */
export function rateLimitsYaml(): string {
  return RATE_LIMITS_HEADER + writeYaml(exampleConfig({ rateLimitDomain: 'edge' }), rateLimitReasons)
}

function exampleConfig(more: Pick<MeshOptions, 'rateLimitDomain'>): Config {
  return meshBootstrap({
    listener: { host: '0.0.0.0', port: 10_000 },
    admin: { host: '127.0.0.1', port: 9_901 },
    tollgateSockets: ['/run/tollgate/0.sock', '/run/tollgate/1.sock'],
    upstreams: [
      { id: 'gpu', prefix: '/gpu/', address: { host: '127.0.0.1', port: 8_188 } },
      { id: 'mirror', prefix: '/', address: { host: '127.0.0.1', port: 18_080 } },
    ],
    authorizeMsMax: 250,
    ...more,
  })
}

if (import.meta.main) {
  writeFileSync(`${import.meta.dirname}/tollgate.yaml`, exampleYaml())
  writeFileSync(`${import.meta.dirname}/tollgate-rate-limits.yaml`, rateLimitsYaml())
}
