import { estimateOf } from '../core/cost.ts'
import { decideAccess } from '../core/decide-access.ts'
import type { LimitRule } from '../core/limit.ts'
import type { PriceRule } from '../core/price.ts'
import { priceOf } from '../core/price-of.ts'
import type { Principal } from '../core/principal.ts'
import type { Amounts } from '../core/quantity.ts'
import { readResource } from '../core/read-resource.ts'
import type { RequestFacts, ResourceRequest } from '../core/request.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Refusal } from '../core/verdict.ts'
import { identify } from './identify.ts'
import { governs } from './lines.ts'
import { priceOfPiece } from './pieces.ts'
import type { Downloads, HeatSource, SizeCatalogue } from './ports.ts'

/** A request that limits govern: who asks for what, at which price, under which limits. */
export interface Governed {
  readonly kind: 'governed'
  readonly upstream: Upstream
  readonly resource: ResourceRequest
  readonly principal: Principal
  readonly price: PriceRule
  readonly estimate: Amounts
  /** Whether the estimate rests on a known size: only then can a request be called too large for its quota. */
  readonly isSizeKnown: boolean
  readonly limits: readonly LimitRule[]
}

export type Assessment =
  | Governed
  | {
      readonly kind: 'refused'
      readonly refusal: Refusal
      readonly upstream?: Upstream
      readonly resource?: ResourceRequest
      readonly principal?: Principal
    }
  /** Free by table: our own pages and CORS preflights. */
  | {
      readonly kind: 'landing'
      readonly upstream: Upstream
      readonly resource: ResourceRequest
      /** Whose zone the page speaks in, where the caller is known. */
      readonly timeZone?: string
    }
  | {
      readonly kind: 'status'
      readonly upstream: Upstream
      readonly resource: ResourceRequest
      readonly principal: Principal
    }
  | { readonly kind: 'preflight'; readonly upstream: Upstream }

/** What is known when a request comes. */
interface Known {
  readonly snapshot: Snapshot
  readonly sizes: SizeCatalogue
  readonly heats: HeatSource
  readonly downloads: Downloads
  readonly nowMs: number
}

/** Everything about a request that can be said from memory, without waiting and without taking anything. */
export function assess(facts: RequestFacts, given: Known & { readonly isPolicyFresh: boolean }): Assessment {
  const { snapshot, nowMs } = given
  const upstream = upstreamOf(facts, snapshot)
  if (upstream === undefined) return { kind: 'refused', refusal: { cause: 'unknown_upstream' } }
  const resource = readResource(upstream, facts)
  if (resource.kind === 'invalid')
    return { kind: 'refused', refusal: { cause: 'bad_request', reason: resource.reason }, upstream }
  if (resource.kind === 'landing')
    return { kind: 'landing', upstream, resource, ...zoneOf(identify(facts, snapshot, nowMs)) }
  if (upstream.surface === 'gpu' && isPreflight(facts)) return { kind: 'preflight', upstream }
  const principal = identify(facts, snapshot, nowMs)
  if (typeof principal === 'string') {
    // An unknown token may be one that was issued while the database could not be read: that is our trouble, not the caller's.
    const cause = principal === 'wrong_token' && !given.isPolicyFresh ? 'unavailable' : principal
    return { kind: 'refused', refusal: { cause }, upstream, resource }
  }
  if (resource.kind === 'status') return { kind: 'status', upstream, resource, principal }
  const { surface } = upstream
  const { kind, resource: name } = resource
  const asked = { surface, kind, account: principal.account.id, address: facts.address, resource: name, nowMs }
  const access = decideAccess(snapshot.accessRules, asked, snapshot.matchesPattern)
  if (access.kind === 'deny') {
    return { kind: 'refused', refusal: { cause: 'denied', reason: access.reason }, upstream, resource, principal }
  }
  return govern({ upstream, resource, principal }, facts, given)
}

function zoneOf(principal: ReturnType<typeof identify>): { readonly timeZone?: string } {
  return typeof principal === 'string' ? {} : { timeZone: principal.account.timeZone }
}

function govern(
  who: Pick<Governed, 'upstream' | 'resource' | 'principal'>,
  facts: RequestFacts,
  given: Known,
): Assessment {
  const { upstream, resource, principal } = who
  const { snapshot } = given
  const limits = snapshot.limitsOf(principal.account, given.nowMs)
  const faulty = limits.find((limit) => limit.isFaulty && governs(limit, upstream.surface))
  // What the operator meant cannot be read, so nothing passes; but it is not the caller who asks for too much.
  if (faulty) return { kind: 'refused', refusal: { cause: 'unavailable', reason: faultOf(faulty) }, ...who }
  const heat = given.heats.heatOf(upstream.surface, resource.resource)
  const wanted = { surface: upstream.surface, kind: resource.kind, resource: resource.resource, heat }
  const rule = priceOf(snapshot.priceRules, wanted, snapshot.matchesPattern)
  const price = priceOfPiece(rule, { ...who, facts, downloads: given.downloads, nowMs: given.nowMs })
  const sizeBytes = sizeOf(who, facts, given.sizes)
  return {
    kind: 'governed',
    upstream,
    resource,
    principal,
    price,
    estimate: estimateOf(price, { method: facts.method, headers: facts.headers, sizeBytes }),
    isSizeKnown: sizeBytes !== undefined || price.charged === 'at_the_door',
    limits,
  }
}

function faultOf({ id }: LimitRule): string {
  return `The row ${id} of limit_rule is faulty and its posture is deny: see tollgate policy check`
}

/** The route's own word first, it cannot be forged; else the host. None or two rows: never a guess. */
function upstreamOf(facts: RequestFacts, snapshot: Snapshot): Upstream | undefined {
  if (facts.upstream !== undefined) return snapshot.upstream(facts.upstream)
  const found = snapshot.upstreamsOfHost(facts.host)
  return found.length === 1 ? found[0] : undefined
}

/**
 * Fetch standard: a preflight carries no credentials, so it can neither be charged nor refused by account. Browsers call GPU servers only, and
 * an index that answered OPTIONS like GET would serve files to anyone.
 */
function isPreflight({ method, headers }: RequestFacts): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

/** An upload says its own size; a file's was learnt when it was last served whole. */
function sizeOf(
  { upstream, resource }: Pick<Governed, 'upstream' | 'resource'>,
  facts: RequestFacts,
  sizes: SizeCatalogue,
): number | undefined {
  if (resource.kind !== 'upload') return sizes.sizeOf(upstream.id, resource.path)
  const length = facts.headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
