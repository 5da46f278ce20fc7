import { Agent, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface Call {
  readonly method?: string
  readonly url: string
  readonly token?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

const BODY_CHARS_MAX = 100_000
// Kept-alive connections, so that a poll costs about a millisecond.
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** One plain HTTP request, never redirected: what a script without an installer's manners sees. */
export function call({ method = 'GET', url, token, body, headers = {} }: Call): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const sent = request(url, { method, agent, headers: { ...headers, ...authorization } }, (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => {
      if (text.length < BODY_CHARS_MAX) text += chunk.toString()
    })
    response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    response.once('error', reject)
  })
  sent.once('error', reject)
  sent.end(body)
  return promise
}

/** Calls again and again until a reply is as wanted; answers how long that took. Throws when it never came. */
export async function untilReply(
  ask: Call,
  isWanted: (reply: Reply) => boolean,
  durationMsMax: number,
): Promise<{ readonly reply: Reply; readonly durationMs: number }> {
  const startedMs = performance.now()
  for (;;) {
    const reply = await call(ask)
    const durationMs = performance.now() - startedMs
    if (isWanted(reply)) return { reply, durationMs }
    if (durationMs > durationMsMax) {
      throw new Error(`${ask.method ?? 'GET'} ${ask.url} still answers ${reply.status} after ${durationMsMax} ms`)
    }
  }
}
