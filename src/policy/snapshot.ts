import type { AccessRule } from '../core/access.ts'
import { type AlertRuleIndex, alertPercentsFor, indexAlertRules } from '../core/alert-rule.ts'
import type { LimitsInForce } from '../core/grant.ts'
import type { LimitRule } from '../core/limit.ts'
import type { DescriptorDomain } from '../core/match-descriptor.ts'
import type { PriceRule } from '../core/price.ts'
import type { Account, Department, Plan, Project, Token } from '../core/principal.ts'
import type { Place } from '../core/resolve-limits.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { holds } from '../core/time-range.ts'
import type { Upstream } from '../core/upstream.ts'
import {
  asDomainsHaveIt,
  type DescriptorIndex,
  indexDescriptors,
  untriedFaults,
  untriedIds,
} from './descriptor-index.ts'
import { LimitIndex } from './limit-index.ts'
import { matchesPattern } from './pattern.ts'
import { type PolicyState, policyCheck } from './policy-state.ts'
import { comparePrices } from './price-rows.ts'
import type { PolicyFault } from './quarantine.ts'
import { ShardedMap } from './sharded-map.ts'

/** A `Snapshot` over a policy state, with what `policy show` lists. */
export interface PolicySnapshot extends Snapshot {
  readonly state: PolicyState
  /** What is wrong with rows only because of others. */
  readonly faults: readonly PolicyFault[]
  /** Ids of limits that no descriptor finds because too many patterns go before them. */
  untriedLimits(): ReadonlySet<string>
}

/** Builds on the one before: what rests on unchanged tables is shared. `touchedTokens` must name every token row that differs. */
export function createSnapshot(
  state: PolicyState,
  from?: { readonly previous: PolicySnapshot; readonly touchedTokens: Iterable<string> },
): PolicySnapshot {
  const previous = from?.previous instanceof StateSnapshot ? from.previous : undefined
  return new StateSnapshot(state, { previous, touchedTokens: from?.touchedTokens ?? [] })
}

/** Everything in the database that is not in force as it stands there. */
export function faultsOf(snapshot: PolicySnapshot): readonly PolicyFault[] {
  return [...asDomainsHaveIt(policyCheck(snapshot.state), snapshot.state.tables), ...snapshot.faults]
}

class StateSnapshot implements PolicySnapshot {
  readonly state: PolicyState
  readonly accessRules: readonly AccessRule[]
  readonly priceRules: readonly PriceRule[]
  readonly faults: readonly PolicyFault[]
  readonly matchesPattern = matchesPattern
  readonly #limits: LimitIndex
  /** By account row, so at most as many as there are accounts. */
  readonly #limitsOf = new Map<Account, LimitsInForce>()
  readonly #alertRules: AlertRuleIndex
  readonly #descriptors: DescriptorIndex
  readonly #tokens: ShardedMap<Token>
  readonly #upstreamsByHost: ReadonlyMap<string, readonly Upstream[]>

  constructor(
    state: PolicyState,
    from: { readonly previous: StateSnapshot | undefined; readonly touchedTokens: Iterable<string> },
  ) {
    const { tables } = state
    const { previous } = from
    const old = previous?.state.tables
    this.state = state
    this.#tokens = previous ? retokened(previous, state, from.touchedTokens) : tokensByDigest(state)
    this.#limits =
      previous && old?.limit_rule === tables.limit_rule && old.grant === tables.grant
        ? previous.#limits
        : new LimitIndex(
            { rules: tables.limit_rule.inForce, grants: tables.grant.inForce },
            previous && previous.#limits,
          )
    this.#alertRules =
      previous && old?.alert_rule === tables.alert_rule
        ? previous.#alertRules
        : indexAlertRules(tables.alert_rule.inForce.values())
    this.#descriptors = indexDescriptors(tables, previous && previous.#descriptors)
    this.faults = untriedFaults(this.#descriptors)
    this.#upstreamsByHost =
      previous && old?.upstream === tables.upstream ? previous.#upstreamsByHost : upstreamsByHost(state)
    this.accessRules = previous && old?.access_rule === tables.access_rule ? previous.accessRules : accessRules(state)
    this.priceRules =
      previous && old?.price_rule === tables.price_rule
        ? previous.priceRules
        : [...tables.price_rule.inForce.values()].sort(comparePrices)
  }

  static tokensOf(snapshot: StateSnapshot): ShardedMap<Token> {
    return snapshot.#tokens
  }

  get history(): string {
    return this.state.history
  }

  get version(): number {
    return this.state.version
  }

  tokenByDigest(digest: string): Token | undefined {
    return this.#tokens.get(digest)
  }

  token(id: string): Token | undefined {
    return this.state.tables.token.inForce.get(id)
  }

  account(id: string): Account | undefined {
    return this.state.tables.account.inForce.get(id)
  }

  project(id: string): Project | undefined {
    return this.state.tables.project.inForce.get(id)
  }

  department(id: string): Department | undefined {
    return this.state.tables.department.inForce.get(id)
  }

  plan(id: string): Plan | undefined {
    return this.state.tables.plan.inForce.get(id)
  }

  upstream(id: string): Upstream | undefined {
    return this.state.tables.upstream.inForce.get(id)
  }

  upstreamsOfHost(host: string): readonly Upstream[] {
    return this.#upstreamsByHost.get(host) ?? []
  }

  limitsOf(account: Account, nowMs: number): readonly LimitRule[] {
    const known = this.#limitsOf.get(account)
    if (known !== undefined && holds(known, nowMs)) return known.limits
    const resolved = this.#resolved(account, nowMs)
    this.#limitsOf.set(account, resolved)
    return resolved.limits
  }

  limitsAt(place: Place, nowMs: number): readonly LimitRule[] {
    return this.#limits.limitsOf(place, nowMs).limits
  }

  alertPercentsFor(asked: { readonly limitName: string; readonly place: Place }): readonly number[] {
    return alertPercentsFor(this.#alertRules, asked)
  }

  descriptorDomain(id: string): DescriptorDomain | undefined {
    return this.#descriptors.domains.get(id)
  }

  untriedLimits(): ReadonlySet<string> {
    return untriedIds(this.#descriptors)
  }

  #resolved({ id, project, plan }: Account, nowMs: number): LimitsInForce {
    const department = this.project(project)?.department ?? ''
    return this.#limits.limitsOf({ account: id, project, plan, department }, nowMs)
  }
}

function tokensByDigest(state: PolicyState): ShardedMap<Token> {
  const draft = new ShardedMap<Token>().draft()
  for (const token of state.tables.token.inForce.values()) draft.set(token.digest, token)
  return draft.finish()
}

function retokened(previous: StateSnapshot, state: PolicyState, touched: Iterable<string>): ShardedMap<Token> {
  const before = previous.state.tables.token
  const after = state.tables.token
  const tokens = StateSnapshot.tokensOf(previous)
  if (before === after) return tokens
  const draft = tokens.draft()
  const ids = [...touched]
  for (const id of ids) {
    const old = before.inForce.get(id)
    if (old !== undefined && draft.get(old.digest)?.id === id) draft.delete(old.digest)
  }
  for (const id of ids) {
    const token = after.inForce.get(id)
    if (token !== undefined) draft.set(token.digest, token)
  }
  return draft.finish()
}

function upstreamsByHost(state: PolicyState): ReadonlyMap<string, readonly Upstream[]> {
  const upstreams = [...state.tables.upstream.inForce.values()].filter((upstream) => upstream.host !== undefined)
  upstreams.sort((left, right) => (left.id < right.id ? -1 : 1))
  return Map.groupBy(upstreams, (upstream) => upstream.host ?? '')
}

function accessRules(state: PolicyState): readonly AccessRule[] {
  const rules = [...state.tables.access_rule.inForce.values()].flatMap((entry) => entry.rules)
  return rules.sort((left, right) => (left.id < right.id ? -1 : 1))
}
