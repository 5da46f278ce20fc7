import type { IncomingMessage } from 'node:http'
import { identify } from '../check/identify.ts'
import type { Principal } from '../core/principal.ts'
import type { RequestFacts } from '../core/request.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Cause } from '../core/verdict.ts'
import type { Actor } from '../manage/who-may.ts'
import type { PortalTools } from './ports.ts'

export type AccountActor = Extract<Actor, { readonly kind: 'account' }>

/** Who calls, at the policy in force when the call came. */
export interface Caller {
  readonly principal: Principal
  readonly actor: AccountActor
  readonly snapshot: Snapshot
}

/**
 * The caller by its token, read as the gate reads it: Bearer or Basic in one Authorization header and nowhere else. Nobody is anonymous here.
 * Else why there is none: `unavailable` while the policy cannot be asked, for an unknown token may have been issued meanwhile.
 */
export function callerOf(
  request: IncomingMessage,
  { policy, storeNowMs }: Pick<PortalTools, 'policy' | 'storeNowMs'>,
): Caller | Cause {
  const snapshot = policy.current()
  if (snapshot === undefined) return 'unavailable'
  const values = authorizations(request.rawHeaders)
  if (values.length === 0) return 'no_token'
  // Joined as Envoy joins them, so that two are no credential.
  const found = identify(factsOf(values.join(',')), snapshot, storeNowMs())
  if (found === 'wrong_token' && !policy.isFresh()) return 'unavailable'
  if (typeof found === 'string') return found
  const { id, role, project } = found.account
  return { principal: found, actor: { kind: 'account', id, role, project }, snapshot }
}

/** Node keeps the first of several and forgets the rest. */
function authorizations(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization')
}

function factsOf(authorization: string): RequestFacts {
  return {
    method: 'GET',
    host: '',
    target: '/',
    headers: new Map([['authorization', authorization]]),
    address: 'unknown',
    requestId: '',
  }
}

/**
 * The address that failed look-ups and limits per address are counted by: what Envoy says, where the peer is an Envoy beside us, else the peer.
 */
export function addressOf(request: IncomingMessage, { addressOf }: Pick<PortalTools, 'addressOf'>): string {
  const peer = addressOf(request.socket.remoteAddress ?? '')
  const told = request.headers['x-envoy-external-address']
  const isBeside = peer.startsWith('127.') || peer === '::/64'
  return (isBeside && typeof told === 'string' && addressOf(told)) || peer || 'unknown'
}
