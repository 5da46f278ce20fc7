import { headerText } from './header-text.ts'
import type { Principal } from './principal.ts'
import type { Header } from './verdict.ts'

const accountName = 'x-tollgate-account'
const projectName = 'x-tollgate-project'
const departmentName = 'x-tollgate-department'
const identityNames = [accountName, projectName, departmentName] as const
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
  readonly principal?: Principal | undefined
  readonly credential?: string | undefined
}): UpstreamHeaders {
  const { principal, credential } = caller
  const set: Header[] = []
  if (principal?.token !== undefined) {
    set.push({ name: accountName, value: headerText(principal.account.id) })
    set.push({ name: projectName, value: headerText(principal.project.id) })
    set.push({ name: departmentName, value: headerText(principal.department.id) })
  }
  if (credential !== undefined) set.push({ name: 'authorization', value: headerText(credential) })
  const identity = principal?.token === undefined ? identityNames : []
  const authorization = credential === undefined ? ['authorization'] : []
  return { set, removed: [...identity, ...authorization, ...alwaysRemoved] }
}
