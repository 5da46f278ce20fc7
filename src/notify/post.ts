import type { LookupAddress } from 'node:dns'
import { lookup as lookupName } from 'node:dns/promises'
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { version } from '../core/version.ts'
import { isPublicAddress } from './public-address.ts'
import { notPublic, readTarget } from './read-target.ts'

/** All addresses of a host name; throws when there are none. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>

interface Letter {
  readonly url: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** Plain http and addresses that are not public are allowed. */
  readonly isPrivateTarget: boolean
  /** The status alone says what came of it: the body of a 2xx is not read, and one that breaks off is as good as none. */
  readonly isStatusEnough?: boolean
}

/** What came of posting; `why` is a sentence without the target's URL, which may be a secret. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly kind: 'unreachable'; readonly why: string }
  /** Nothing was dialled: the target is not one that may be. */
  | { readonly kind: 'forbidden'; readonly why: string }

/** Never throws. */
export type Post = (letter: Letter) => Promise<Answer>

export interface PostOptions {
  readonly lookup?: Lookup
  /** From the look-up to the end of the answer. */
  readonly timeoutMs?: number
}

const answerBytesMax = 65_536
const headBytesMax = 16_384
const addressesMax = 16

/**
 * Posts JSON to a target. A host name is looked up once, each address that it has must be allowed, and the connection goes to these very
 * addresses: a name that answers otherwise a moment later changes nothing. TLS and Host keep the name. No connection is used twice, redirects are
 * answers like any other, at most 64 KiB of an answer are read, and all of it ends within 10 s.
 */
export function createPost({ lookup = lookUp, timeoutMs = 10_000 }: PostOptions = {}): Post {
  return async (letter) => {
    const target = readTarget(letter.url, { isPrivate: letter.isPrivateTarget })
    if ('why' in target) return { kind: 'forbidden', why: target.why }
    const deadline = AbortSignal.timeout(timeoutMs)
    if (target.isAddress) return await exchange(target.url, letter, { deadline })
    const found = await within(deadline, lookup(target.host)).catch(toError)
    if (found instanceof Error) return { kind: 'unreachable', why: whyOf(found) }
    const addresses = found.slice(0, addressesMax)
    const isAllowed = letter.isPrivateTarget || addresses.every(({ address }) => isPublicAddress(address))
    if (addresses.length === 0) return { kind: 'unreachable', why: 'The host of the target has no address' }
    return isAllowed
      ? await exchange(target.url, letter, { deadline, lookup: always(addresses) })
      : { kind: 'forbidden', why: notPublic }
  }
}

const lookUp: Lookup = (host) => lookupName(host, { all: true })

/** Answers what was checked, whatever is asked. */
function always(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else if (first !== undefined) callback(null, first.address, first.family)
  }
}

interface Dialling {
  readonly deadline: AbortSignal
  readonly lookup?: LookupFunction
}

function exchange(url: URL, letter: Letter, { deadline, lookup }: Dialling): Promise<Answer> {
  const bytes = Buffer.from(letter.body)
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    agent: false,
    signal: deadline,
    maxHeaderSize: headBytesMax,
    ...(lookup && { lookup }),
    headers: {
      'content-type': 'application/json',
      'content-length': bytes.length,
      'user-agent': `tollgate/${version}`,
      ...letter.headers,
      connection: 'close',
    },
  })
  const answer = answerOf(request, letter)
  request.end(bytes)
  return answer.finally(() => request.destroy())
}

function answerOf(request: http.ClientRequest, { isStatusEnough = false }: Letter): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const fail = (error: unknown): void => resolve({ kind: 'unreachable', why: whyOf(error) })
  // For when there is neither answer nor error: a change to another protocol, say.
  const closed = (): void => fail(new Error('closed'))
  request.once('close', closed)
  // What comes after the answer began changes nothing: a promise is kept once.
  request.on('error', fail)
  request.once('response', (response) => {
    request.off('close', closed)
    const { statusCode: status = 0, headers } = response
    const answered = (text: string): void => resolve({ kind: 'answered', status, headers, text })
    if (!isStatusEnough) readUpTo(response).then(answered, fail)
    else if (status >= 200 && status < 300) answered('')
    else readUpTo(response).then(answered, () => answered(''))
  })
  return promise
}

/** The first 64 KiB; the rest is not waited for. */
async function readUpTo(response: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = []
  let read = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part)
    read += part.length
    if (read >= answerBytesMax) break
  }
  return new TextDecoder().decode(Buffer.concat(parts).subarray(0, answerBytesMax))
}

async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const ended = Promise.withResolvers<never>()
  const onAbort = (): void => ended.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, ended.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

const words: Readonly<Record<string, string>> = {
  ABORT_ERR: 'The target did not answer in time',
  ECONNREFUSED: 'The target refuses connections',
  ECONNRESET: 'The target broke off the connection',
  EPIPE: 'The target broke off the connection',
  ENOTFOUND: 'The host of the target is not known',
  EAI_AGAIN: 'The host of the target cannot be looked up now',
  EHOSTUNREACH: 'The target cannot be reached',
  ENETUNREACH: 'The target cannot be reached',
  ETIMEDOUT: 'The target did not answer in time',
  HPE_HEADER_OVERFLOW: 'The target answered with a head of more than 16 KiB',
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'The target cannot be reached'
  const { code } = error as NodeJS.ErrnoException
  if (error.name === 'TimeoutError') return 'The target did not answer in time'
  if (code === undefined) return 'The target cannot be reached'
  return (
    words[code] ??
    (code.startsWith('HPE_') ? 'The target does not answer in HTTP' : `The target cannot be reached: ${code}`)
  )
}
