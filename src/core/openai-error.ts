import type { Words } from './refusal-words.ts'
import type { Cause } from './verdict.ts'

/** `type` and `code` as OpenAI's servers use them, so that its libraries raise their typed errors. */
const kinds: Readonly<Record<Cause, readonly [type: string, code: string]>> = {
  no_token: ['invalid_request_error', 'invalid_api_key'],
  wrong_token: ['invalid_request_error', 'invalid_api_key'],
  expired_token: ['invalid_request_error', 'invalid_api_key'],
  rate: ['rate_limit_error', 'rate_limit_exceeded'],
  concurrency: ['rate_limit_error', 'concurrency_limit_exceeded'],
  quota: ['insufficient_quota', 'insufficient_quota'],
  too_large: ['insufficient_quota', 'insufficient_quota'],
  denied: ['permission_error', 'access_denied'],
  bad_request: ['invalid_request_error', 'bad_request'],
  unknown_upstream: ['server_error', 'unknown_upstream'],
  unavailable: ['server_error', 'unavailable'],
  overloaded: ['server_error', 'overloaded'],
}

export interface OpenaiError {
  readonly error: { readonly message: string; readonly type: string; readonly param: null; readonly code: string }
}

/** The body of a refusal on `/v1/*` of a GPU upstream. */
export function openaiErrorOf(cause: Cause, { title, detail }: Words): OpenaiError {
  const [type, code] = kinds[cause]
  return { error: { message: `${title}: ${detail}`, type, param: null, code } }
}
