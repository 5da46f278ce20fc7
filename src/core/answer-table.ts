import type { ClientFamily } from './client-family.ts'
import type { RequestKind } from './request.ts'
import type { Surface } from './subject.ts'
import type { Cause } from './verdict.ts'

/** What of a request decides the form of its refusal. */
export interface Asked {
  readonly surface: Surface
  readonly family: ClientFamily
  readonly method: string
  readonly kind: RequestKind
  /** The limit that refused answers 429 instead of 403. */
  readonly refusesWith429: boolean
}

export interface AnswerForm {
  readonly status: number
  /** `wait`: the exact wait, capped · `soon`: one second · `trouble`: two seconds · absent: no Retry-After. */
  readonly retryAfter?: 'wait' | 'soon' | 'trouble'
  /** Says how to present a token. */
  readonly challenge?: true
  /** Instead of a body, sends to the page that explains the denial in its URL. */
  readonly landing?: true
}

interface Row {
  readonly causes: readonly Cause[]
  readonly when?: (asked: Asked) => boolean
  readonly form: AnswerForm
}

/**
 * The one place where the form of a refusal is decided; the first row that fits wins. Measured with real clients: twine repeats a whole
 * upload at once on 503; pip waits exactly Retry-After and dies of fractions; installers print only the URL of a refused file, so they are
 * redirected to one that speaks; HEAD, proxies and scripts get the refusal itself.
 */
const table: readonly Row[] = [
  { causes: ['no_token', 'wrong_token', 'expired_token'], form: { status: 401, challenge: true } },
  { causes: ['rate', 'concurrency'], when: isSending, form: { status: 429 } },
  { causes: ['rate'], form: { status: 429, retryAfter: 'wait' } },
  { causes: ['concurrency'], form: { status: 429, retryAfter: 'soon' } },
  { causes: ['quota'], when: (asked) => asked.refusesWith429, form: { status: 429 } },
  { causes: ['quota', 'too_large'], when: isInstalling, form: { status: 302, landing: true } },
  { causes: ['quota', 'too_large', 'denied'], form: { status: 403 } },
  { causes: ['bad_request'], form: { status: 400 } },
  { causes: ['unknown_upstream', 'unavailable', 'overloaded'], when: isSending, form: { status: 403 } },
  { causes: ['unknown_upstream', 'unavailable', 'overloaded'], form: { status: 503, retryAfter: 'trouble' } },
]

/** The form of the answer to a refusal. */
export function answerForm(cause: Cause, asked: Asked): AnswerForm {
  const row = table.find(({ causes, when }) => causes.includes(cause) && (when === undefined || when(asked)))
  return row?.form ?? { status: 503, retryAfter: 'trouble' }
}

/** Whether the request sends a package: whatever is posted to an index may be the upload of a misconfigured publisher. */
export function isSending({ surface, kind, method }: Pick<Asked, 'surface' | 'kind' | 'method'>): boolean {
  return kind === 'upload' || (surface === 'pypi' && (method === 'POST' || method === 'PUT'))
}

function isInstalling({ surface, family, method, kind }: Asked): boolean {
  const isFile = kind === 'artifact' || kind === 'metadata'
  return surface === 'pypi' && family.role === 'installer' && method === 'GET' && isFile
}
