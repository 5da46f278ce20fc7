import { writeFileSync } from 'node:fs'
import { meshBootstrap } from './bootstrap.ts'
import { reasons } from './reasons.ts'
import { writeYaml } from './yaml.ts'

const HEADER = `# Envoy 1.40 asking Tollgate about every request, as a file to start from: envoy -c envoy/tollgate.yaml
# Replace: the addresses, the sockets (they stand twice), the routes. Written by \`node envoy/example.ts\`; edit
# envoy/bootstrap.ts and envoy/reasons.ts instead.
`

/** The configuration as a reader finds it in \`envoy/tollgate.yaml\`. */
export function exampleYaml(): string {
  const config = meshBootstrap({
    listener: { host: '0.0.0.0', port: 10_000 },
    admin: { host: '127.0.0.1', port: 9_901 },
    tollgateSockets: ['/run/tollgate/0.sock', '/run/tollgate/1.sock'],
    upstreams: [
      { id: 'gpu', prefix: '/gpu/', address: { host: '127.0.0.1', port: 8_188 } },
      { id: 'mirror', prefix: '/', address: { host: '127.0.0.1', port: 18_080 } },
    ],
    authorizeMsMax: 250,
  })
  return HEADER + writeYaml(config, reasons)
}

if (import.meta.main) writeFileSync(`${import.meta.dirname}/tollgate.yaml`, exampleYaml())
