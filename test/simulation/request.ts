import type { AccessLogEntry } from '../../src/core/access-log.ts'
import type { Amounts } from '../../src/core/quantity.ts'
import type { RequestFacts } from '../../src/core/request.ts'
import type { Person } from './policy.ts'
import type { Random } from './random.ts'

/** One request of a client, with what will become of it if it is let through. */
export interface SimRequest {
  readonly name: string
  readonly person: Person
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly status: number
  readonly isAborted: boolean
  /** What the client gets. */
  readonly bytes: number
  readonly durationMs: number
  /** What Envoy did with it. */
  verdict: 'asked' | 'delivered' | 'refused'
  ticket: string | undefined
  /** What is to be booked, by the ticket's own price; undefined as long as nothing was let through. */
  truth: Amounts | undefined
  /** Whether its last log entry is certainly kept: by the store, or on a disk. */
  lastEntry: 'none' | 'underway' | 'kept' | 'doubtful'
}

/** Files have sizes that processes learn; the wire takes a little more than the body. */
const sizes = [1_200_000, 3_000_000, 5_000_000, 8_500_000]
const wireExtra = 300

export function drawRequest(random: Random, name: string, people: readonly Person[]): SimRequest {
  const file = random.whole(0, sizes.length - 1)
  const size = sizes[file] ?? 0
  const draw = random.next()
  const status = draw < 0.8 ? 200 : random.pick([304, 302, 404, 500, 200])
  const method = draw > 0.97 ? 'HEAD' : 'GET'
  const isAborted = status === 200 && random.chance(0.15)
  const whole = status === 200 && method === 'GET' ? size : 0
  return {
    ...{ name, person: random.pick(people), method, status, isAborted },
    path: `/packages/aa/pkg-${file}.0-py3-none-any.whl`,
    bytes: isAborted ? Math.floor(whole * random.next()) : whole,
    durationMs: random.chance(0.2) ? random.whole(3_000, 9_000) : random.whole(5, 900),
    ...{ verdict: 'asked', ticket: undefined, truth: undefined, lastEntry: 'none' },
  }
}

export function factsOf(request: SimRequest): RequestFacts {
  const { name, method, path, person } = request
  return {
    ...{ method, host: 'mirror', target: path, address: person.address, requestId: name, upstream: 'mirror' },
    headers: new Map([['authorization', `Bearer ${person.secret}`]]),
  }
}

/** What Envoy logs of it: from time to time, or at its end. */
export function entryOf(
  request: SimRequest,
  at: { readonly node: string; readonly type: 'periodic' | 'end'; readonly sinceMs: number },
): AccessLogEntry {
  const share = at.type === 'end' ? 1 : Math.min(1, at.sinceMs / request.durationMs)
  const bodyBytes = Math.floor(request.bytes * share)
  const isEnd = at.type === 'end'
  return {
    ...{ node: at.node, checked: true, type: at.type, requestId: request.name, method: request.method },
    ...(request.ticket !== undefined && { ticket: request.ticket }),
    ...{ path: request.path, status: request.status, details: '', bodyBytes, wireBytes: bodyBytes + wireExtra },
    ...{ requestBodyBytes: 0, aborted: isEnd && request.isAborted, durationMs: Math.floor(at.sinceMs), range: '' },
    ...{ contentRange: '', contentLengthBytes: request.isAborted ? undefined : request.bytes },
  }
}
