import type { Method } from './methods.ts'
import { RpcError } from './methods.ts'
import { lengthTag, WireReader } from './wire-reader.ts'

/** `grpc.health.v1.Health`: whether this process wants requests. */
export interface Health {
  readonly methods: readonly Method[]
  /** Answers Checks with it from now on and tells every Watch. */
  setServing(isServing: boolean): void
}

const notFound = 5
const nameBytesMax = 256
const watchersMax = 1_000
const resourceExhausted = 8
// HealthCheckResponse {status = 1}: SERVING 1, NOT_SERVING 2, SERVICE_UNKNOWN 3.
const encoded = { serving: Buffer.from([8, 1]), notServing: Buffer.from([8, 2]), unknown: Buffer.from([8, 3]) }

/**
 * Not serving until told. The names it knows are `` (the whole process, what Envoy asks by default) and `services`; another name
 * gets NOT_FOUND from Check and SERVICE_UNKNOWN from Watch, as the health protocol says. At most 1,000 Watches.
 */
export function createHealth(services: readonly string[]): Health {
  const names = new Set(['', ...services])
  const watchers = new Set<(message: Buffer) => void>()
  let current = encoded.notServing
  return {
    methods: [
      {
        kind: 'unary',
        path: '/grpc.health.v1.Health/Check',
        async answer(request) {
          if (!names.has(serviceName(request))) throw new RpcError(notFound, 'unknown service')
          return current
        },
      },
      {
        kind: 'server-stream',
        path: '/grpc.health.v1.Health/Watch',
        open(request, send) {
          if (watchers.size >= watchersMax) throw new RpcError(resourceExhausted, 'too many watches')
          const isKnown = names.has(serviceName(request))
          send(isKnown ? current : encoded.unknown)
          if (isKnown) watchers.add(send)
          return () => watchers.delete(send)
        },
      },
    ],
    setServing(isServing) {
      const next = isServing ? encoded.serving : encoded.notServing
      if (next === current) return
      current = next
      for (const send of watchers) send(next)
    },
  }
}

/** Bytes that are no HealthCheckRequest name no service that we have. */
function serviceName(request: Buffer): string {
  const reader = new WireReader(request)
  let name = ''
  try {
    while (reader.next()) {
      if (reader.tag === lengthTag(1)) name = reader.boundedText(nameBytesMax)
      else reader.skip()
    }
    return name
  } catch {
    return '?'
  }
}
