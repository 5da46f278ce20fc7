import { hash } from 'node:crypto'
import { parseCredential } from '../core/credential.ts'
import type { Principal } from '../core/principal.ts'
import type { RequestFacts } from '../core/request.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Cause } from '../core/verdict.ts'

/** The account that stands for callers without credentials, where the policy has one. */
const anonymousAccount = 'anonymous'

/** The caller by its credential, or why there is none. A wrong credential never falls back to the anonymous account. */
export function identify(facts: RequestFacts, snapshot: Snapshot, nowMs: number): Principal | Cause {
  const credential = parseCredential(facts.headers)
  if (credential.kind === 'none') return principalOf(snapshot, { account: anonymousAccount }) ?? 'no_token'
  if (credential.kind === 'malformed') return 'wrong_token'
  const token = snapshot.tokenByDigest(hash('sha256', credential.secret, 'hex'))
  if (token === undefined || (token.revokedAtMs !== undefined && token.revokedAtMs <= nowMs)) return 'wrong_token'
  if (token.expiresAtMs <= nowMs) return 'expired_token'
  return principalOf(snapshot, { account: token.account, token }) ?? 'wrong_token'
}

/** The account with its place in the organisation; undefined when a row is missing or the account is disabled. */
export function principalOf(
  snapshot: Snapshot,
  names: { readonly account: string; readonly token?: Principal['token'] },
): Principal | undefined {
  const account = snapshot.account(names.account)
  if (account === undefined || account.disabled) return undefined
  const project = snapshot.project(account.project)
  const department = project && snapshot.department(project.department)
  if (project === undefined || department === undefined) return undefined
  const { token } = names
  return token === undefined ? { account, project, department } : { account, project, department, token }
}
