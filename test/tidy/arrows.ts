import type { Import } from './imports.ts'

interface Room {
  /** Rooms it may import from. */
  readonly imports: readonly string[]
  /** Files it may take types from, besides: patterns of paths. */
  readonly types?: readonly RegExp[]
}

/** A room with many ports has a file for each kind: `request-ports.ts`. */
const PORTS = /^src\/\w+\/(?:[a-z]+-)?ports\.ts$/
const OBSERVER = /^src\/telemetry\/observer\.ts$/
const USE_CASES = ['doctor', 'check', 'policy', 'manage', 'usage', 'alerts', 'bots', 'jobs']

const useCase: Room = { imports: ['core'], types: [OBSERVER] }
const adapter: Room = { imports: ['core'], types: [PORTS, OBSERVER] }
const face: Room = { imports: ['core', ...USE_CASES], types: [OBSERVER] }

/** Room → what it may import. Arrows point inward; a room that is not here does not exist. */
const ROOMS: Readonly<Record<string, Room>> = {
  core: { imports: [] },
  check: useCase,
  policy: useCase,
  manage: useCase,
  usage: useCase,
  alerts: useCase,
  bots: useCase,
  jobs: useCase,
  doctor: useCase,
  memory: adapter,
  redis: adapter,
  postgres: adapter,
  files: adapter,
  notify: adapter,
  objects: adapter,
  origin: adapter,
  grpc: face,
  portal: face,
  cli: face,
  telemetry: { imports: [] },
  'settings.ts': { imports: ['core'] },
  // The composition root: the only one that sees adapters and calls what creates rooms. `main.ts` is its door.
  compose: {
    imports: [
      ...[
        'core',
        ...USE_CASES,
        'memory',
        'redis',
        'postgres',
        'files',
        'notify',
        'objects',
        'origin',
        'grpc',
        'portal',
        'cli',
      ],
      ...['telemetry', 'settings.ts'],
      // What Envoy is told: data beside src, since the demo is made of it too.
      'envoy',
    ],
  },
  'main.ts': { imports: ['cli', 'compose', 'settings.ts'] },
}

/** Packages that one room alone may know; a package that is not here is for every room but core. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': ['grpc'],
  '@grpc/proto-loader': [],
  commander: ['cli'],
  fastify: ['portal'],
  'fastify-type-provider-zod': ['portal'],
  '@fastify/swagger': ['portal'],
  nodemailer: ['notify'],
  ioredis: ['redis'],
  pg: ['postgres'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
}

/** Imports of src that the tables do not allow, each as a sentence. */
export function forbiddenArrows(imports: readonly Import[]): readonly string[] {
  return imports
    .filter(({ from }) => from.startsWith('src/'))
    .filter((one) => !(one.isInside ? isAllowedInside(one) : isAllowedPackage(one)))
    .map(({ from, to, isTypeOnly }) => `${from} must not import ${isTypeOnly ? 'types of ' : ''}${to}`)
}

/** `src/core/rate.ts` → `core`; `src/main.ts` → `main.ts`; outside src: `envoy` or undefined. */
function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)/.exec(path)?.[1] ?? /^(envoy)\//.exec(path)?.[1]
}

function isAllowedInside({ from, to, isTypeOnly }: Import): boolean {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)]
  const room = ROOMS[fromRoom ?? '']
  if (room === undefined || toRoom === undefined) return false
  if (toRoom === fromRoom || room.imports.includes(toRoom)) return true
  return isTypeOnly && (room.types ?? []).some((pattern) => pattern.test(to))
}

function isAllowedPackage({ from, to, isTypeOnly }: Import): boolean {
  const room = roomOf(from) ?? ''
  if (room === 'core') return false
  if (room === 'compose' && isTypeOnly) return true // it passes connections on, and never uses one
  return PACKAGE_ROOMS[to]?.includes(room) ?? true
}
