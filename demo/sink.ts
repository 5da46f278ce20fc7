import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { closeServer, listen } from './listen.ts'

/** An alert as a webhook brings it; docs/guides/alerts.md has all of its fields. */
export interface Alert {
  readonly type: string
  readonly user: string
  readonly used_tokens: number
  readonly total_quota: number
  readonly percent: number
}

export interface Arrival {
  readonly alert: Alert
  readonly atMs: number
}

/** A local server that takes alerts whose signature is right, as somebody's own receiver would. */
export interface Sink {
  readonly url: string
  /** What Tollgate signs with. */
  readonly secret: string
  /** The first alert that is as wanted, of those that have come or come within 15 s. */
  arrived(isWanted: (alert: Alert) => boolean): Promise<Arrival>
  stop(): Promise<void>
}

const WAIT_MS_MAX = 15_000
const BODY_BYTES_MAX = 100_000
const AGE_SECONDS_MAX = 300

export async function startSink(): Promise<Sink> {
  const key = randomBytes(24)
  const arrivals: Arrival[] = []
  const bell = new EventEmitter()
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => '')
    const isGenuine = isSigned(request.headers, body, key)
    response.writeHead(isGenuine ? 204 : 401).end()
    if (!isGenuine) return
    arrivals.push({ alert: JSON.parse(body) as Alert, atMs: Date.now() })
    bell.emit('arrival')
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    secret: `whsec_${key.toString('base64')}`,
    async arrived(isWanted) {
      const signal = AbortSignal.timeout(WAIT_MS_MAX)
      for (;;) {
        const found = arrivals.find(({ alert }) => isWanted(alert))
        if (found !== undefined) return found
        await once(bell, 'arrival', { signal })
      }
    },
    stop: () => closeServer(server),
  }
}

/** Standard Webhooks 1.0: HMAC-SHA256 of id, time and body, by any of the signatures; a message of long ago is a replay. */
function isSigned(headers: IncomingHttpHeaders, body: string, key: Buffer): boolean {
  const [id, time, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name])
  if (Math.abs(Date.now() / 1_000 - Number(time)) > AGE_SECONDS_MAX) return false
  const expected = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest()
  return String(signatures)
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > BODY_BYTES_MAX) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
