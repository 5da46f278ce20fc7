import type { FastifyError } from 'fastify'
import { Fault, type FaultCode } from '../core/fault.ts'
import type { Cause } from '../core/verdict.ts'

/** A field of a request that is not as it must be. */
export interface FieldFault {
  /** `body.amount`, `query.since`, `path.account`. */
  readonly field: string
  readonly message: string
}

/** RFC 9457, as every answer of this API from 400 on has it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  /** Of requests whose fields are at fault: all of them. */
  readonly errors?: readonly FieldFault[]
  /** The limit that refused. */
  readonly limit?: string
  readonly retry_after_ms?: number
}

/** What is wrong, before it is known which request it is about. */
export interface Trouble extends Omit<Problem, 'type' | 'instance'> {
  /** Names the problem: the last part of its type. */
  readonly code: string
  readonly retryAfterS?: number
}

interface Row {
  readonly status: number
  readonly title: string
  /** Said instead of the fault's own words, which are for operators. */
  readonly detail?: string
  readonly retryAfterS?: number
}

const ours: Row = {
  status: 500,
  title: 'Something went wrong here',
  detail: 'This is a fault of Tollgate; its log has the cause under the id of this request',
}
const away: Row = {
  status: 503,
  title: 'Not available now',
  detail: 'Tollgate cannot reach what it needs for this just now; try again in a moment',
  retryAfterS: 2,
}

/** The one table from a fault to its answer. */
const byFault: Readonly<Record<FaultCode, Row>> = {
  bad_request: { status: 400, title: 'This request cannot be understood' },
  not_valid: { status: 422, title: 'This is not possible' },
  not_found: { status: 404, title: 'There is no such thing' },
  forbidden: { status: 403, title: 'You may not do this' },
  conflict: { status: 409, title: 'Something else has happened meanwhile' },
  policy_unavailable: away,
  store_unavailable: away,
  ledger_unavailable: away,
  internal: ours,
  settings_invalid: ours,
  server_missing: ours,
  already_running: ours,
  wrong_store_format: ours,
}

/** What the framework refuses, by the status it would send. */
const byStatus: Readonly<Record<number, Row & { readonly code: string }>> = {
  400: { code: 'bad_request', status: 400, title: 'This request cannot be understood' },
  413: { code: 'too_large', status: 413, title: 'Too large', detail: 'A request has at most 64 KB' },
  414: { code: 'too_large', status: 414, title: 'Too long', detail: 'This address is too long' },
  415: { code: 'unsupported_media_type', status: 415, title: 'Not JSON', detail: 'Send a body as application/json' },
  503: { code: 'unavailable', ...away },
}

/** Why somebody has no access, in the words of `docs/blocked.md`. */
const byCause: Partial<Readonly<Record<Cause, Row>>> = {
  no_token: { status: 401, title: 'A token is needed', detail: 'Send a token as Bearer, or as the password of Basic' },
  wrong_token: {
    status: 401,
    title: 'This token is not known',
    detail: 'This token is not known here; issue a new one',
  },
  expired_token: { status: 401, title: 'This token has expired', detail: 'This token has expired; issue a new one' },
}

/** What is wrong when a handler, a use case or the framework threw. `isOurs`: somebody should look at it. */
export function troubleOf(error: unknown): { readonly trouble: Trouble; readonly isOurs: boolean } {
  if (error instanceof Fault) {
    const row = byFault[error.code]
    const trouble = { code: error.code, ...row, detail: wordsOf(error, row) }
    return { trouble, isOurs: row.status === 500 }
  }
  const { statusCode, message = '' } = error as Partial<FastifyError>
  const row = statusCode === undefined || isAnswerFault(error) ? undefined : byStatus[statusCode]
  if (row === undefined) return { trouble: { code: 'internal', ...ours, detail: ours.detail ?? '' }, isOurs: true }
  return { trouble: { ...row, detail: row.detail ?? sentence(message) }, isOurs: false }
}

function wordsOf(error: Fault, row: Row): string {
  return row.detail === undefined || error.isForCallers ? sentence(error.message) : row.detail
}

/** Nobody is let in: 401, identical for every unknown and every revoked token, or 503. */
export function troubleOfCause(cause: Cause): Trouble {
  const row = byCause[cause] ?? away
  return { code: cause, ...row, detail: row.detail ?? row.title }
}

/** The document of RFC 9457. Causes that the gate knows too are explained on its page. */
export function problemOf(
  { code, retryAfterS: _, ...trouble }: Trouble,
  { docsBase, requestId }: { readonly docsBase: string; readonly requestId: string },
): Problem {
  const type = explained.has(code) ? `${docsBase}#${code}` : `urn:tollgate:error:${code}`
  return { type, ...trouble, instance: `urn:uuid:${requestId}` }
}

const explained: ReadonlySet<string> = new Set(['no_token', 'wrong_token', 'expired_token', 'rate', 'unavailable'])

function isAnswerFault(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'FST_ERR_RESPONSE_SERIALIZATION'
}

function sentence(text: string): string {
  return text.slice(0, 1_000)
}
