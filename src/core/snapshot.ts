import type { AccessRule } from './access.ts'
import type { LimitRule } from './limit.ts'
import type { DescriptorDomain } from './match-descriptor.ts'
import type { PriceRule } from './price.ts'
import type { Account, Department, Plan, Project, Token } from './principal.ts'
import type { Place } from './resolve-limits.ts'
import type { Upstream } from './upstream.ts'

/** The immutable policy a process decides with, at one version. Every look-up is in memory; undefined = no such row. */
export interface Snapshot {
  /** Drawn anew after a restore; another id means another history of versions. */
  readonly history: string
  readonly version: number
  /** By SHA-256 of the whole token text, lower-case hex. */
  tokenByDigest(digest: string): Token | undefined
  token(id: string): Token | undefined
  account(id: string): Account | undefined
  project(id: string): Project | undefined
  department(id: string): Department | undefined
  plan(id: string): Plan | undefined
  upstream(id: string): Upstream | undefined
  /** Upstreams that serve this host (lower case, no port). None or two are for the caller to refuse. */
  upstreamsOfHost(host: string): readonly Upstream[]
  /**
   * The account's limits at an instant (the store's clock) after "same name, most specific wins" and with what is granted then; the same
   * array until a row it rests on changes, or a grant begins or ends.
   */
  limitsOf(account: Account, nowMs: number): readonly LimitRule[]
  /** The same for a place that is no account: a project or a department as such, or with all of it empty what is for anyone. */
  limitsAt(place: Place, nowMs: number): readonly LimitRule[]
  /** At which percentages of a limit people are told, ascending; empty: nobody is. */
  alertPercentsFor(asked: { readonly limitName: string; readonly place: Place }): readonly number[]
  /** The limits of a rate limit domain; undefined: no such row. */
  descriptorDomain(id: string): DescriptorDomain | undefined
  /** All rules, strictest match decided by `decideAccess`. */
  readonly accessRules: readonly AccessRule[]
  /** Most specific first. */
  readonly priceRules: readonly PriceRule[]
  /** Whether an RE2 pattern of a rule matches the whole text. Patterns were validated with their rows. */
  readonly matchesPattern: (pattern: string, text: string) => boolean
}
