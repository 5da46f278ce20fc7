import { headerText } from './header-text.ts'
import type { Principal } from './principal.ts'
import type { Header } from './verdict.ts'

const identityNames = ['x-tollgate-account', 'x-tollgate-project', 'x-tollgate-department'] as const
/** Marks that Envoy leaves as the client sent them (measured, Envoy 1.40), and a second place for credentials. */
const alwaysRemoved = ['proxy-authorization', 'x-envoy-auth-failure-mode-allowed', 'x-envoy-auth-partial-body'] as const

export interface UpstreamHeaders {
  /** Overwritten, whatever the client sent. */
  readonly set: readonly Header[]
  /** Never one that is set: Envoy removes last. */
  readonly removed: readonly string[]
}

/**
 * What an upstream is told about the caller. A known caller's identity headers are overwritten, an anonymous one's (no token) removed. The
 * caller's Authorization never passes: it is replaced by `credential`, the upstream's own value, or removed.
 */
export function upstreamHeaders(caller: {
  readonly principal?: Principal
  readonly credential?: string
}): UpstreamHeaders {
  const { principal, credential } = caller
  const known = principal?.token === undefined ? undefined : principal
  const identity = known ? [known.account.id, known.project.id, known.department.id] : []
  const set = identity.map((id, index) => ({ name: identityNames[index] ?? '', value: headerText(id) }))
  if (credential !== undefined) set.push({ name: 'authorization', value: headerText(credential) })
  const settable = [...identityNames, 'authorization']
  const removed = settable.filter((name) => !set.some((header) => header.name === name))
  return { set, removed: [...removed, ...alwaysRemoved] }
}
