import { answerJson } from '../core/answer.ts'
import type { LimitRule } from '../core/limit.ts'
import { type LimitStructs, limitStructsOf } from '../core/limit-structs.ts'
import type { Principal } from '../core/principal.ts'
import { quotaStatusOf } from '../core/quota-status.ts'
import { rateLimitHeaders } from '../core/rate-limit-headers.ts'
import type { RequestFacts, ResourceRequest } from '../core/request.ts'
import type { Upstream } from '../core/upstream.ts'
import { upstreamHeaders } from '../core/upstream-headers.ts'
import type { Decision, Header } from '../core/verdict.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Admission, Admit, AdmitRequest } from './admission.ts'
import { overran } from './admit.ts'
import { type AnswerContext, landingPage, ownPage, refuse } from './answers.ts'
import { assess, type Governed } from './assess.ts'
import type { Bounds } from './bounds.ts'
import type { WindowsAt } from './lines.ts'
import type { Downloads, HeatSource, PolicySource, SizeCatalogue, SpendStore } from './ports.ts'
import { refusalFor, viewsOf } from './refusal-for.ts'
import type { Seats } from './seats.ts'
import type { SlotQueue } from './slot-queue.ts'
import type { ReadStatus } from './status.ts'
import { type OnRefused, tellRefused } from './tell-refused.ts'
import type { TicketSigner } from './ticket.ts'
import { metaOf, ticketOf } from './ticket-of.ts'
import { waitForSlot } from './wait-for-slot.ts'

export interface AuthorizeDeps {
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly sizes: SizeCatalogue
  readonly heats: HeatSource
  readonly downloads: Downloads
  /** A client was let through to a page of an index. */
  readonly indexSeen: (upstream: Upstream, page: ResourceRequest) => void
  readonly admit: Admit
  readonly readStatus: ReadStatus
  readonly signer: TicketSigner
  readonly answers: AnswerContext
  /** The value behind an upstream's credential reference; undefined when it cannot be read. From memory only. */
  readonly credentialOf: (reference: string) => string | undefined
  readonly windowsAt: WindowsAt
  readonly observer: Observer
  /** This machine's clock; `store.nowMs()` is the store's. */
  readonly nowMs: () => number
  /** A new reservation id, minted at an instant. */
  readonly mintId: (nowMs: number) => string
  readonly reservationMs: number
  /** Who may be kept waiting. */
  readonly seats: Seats
  readonly slots: SlotQueue
  /** Absent: nobody asks. */
  readonly onRefused?: OnRefused
}

export type Authorize = (facts: RequestFacts, bounds: Bounds) => Promise<Decision>

/** How much of the time left the store may use: the rest is for what is decided when it has not answered. */
const storeShare = 0.8

/**
 * Decides one request: credential → principal → access → price → limits → spend → verdict. Takes nothing unless it answers `allow`,
 * and nothing after the deadline. A request that a rate lets pass ahead of its time, or that only waits for a slot, is kept waiting by
 * `bounds.hold`. Throws only on faults of ours; the caller answers those `unavailable`.
 */
export function createAuthorize(deps: AuthorizeDeps): Authorize {
  return async (facts, bounds) => {
    const snapshot = deps.policy.current()
    if (snapshot === undefined) return refuse({ cause: 'unavailable' }, { facts }, deps.answers)
    const nowMs = deps.store.nowMs()
    const { sizes, heats, downloads } = deps
    const given = { snapshot, sizes, heats, downloads, nowMs, isPolicyFresh: deps.policy.isFresh() }
    const assessment = assess(facts, given)
    switch (assessment.kind) {
      case 'refused':
        tellRefused({ ...assessment, atMs: nowMs }, deps)
        return refuse(assessment.refusal, { facts, ...assessment }, deps.answers)
      case 'landing':
        return landingPage({ facts, ...assessment }, deps.answers)
      case 'preflight':
        return pass({ upstream: assessment.upstream }, deps)
      case 'status': {
        const notAfterMs = spendBy(bounds.deadlineMs, deps)
        const views = await deps.readStatus({ ...assessment, address: facts.address, snapshot, notAfterMs })
        if (views === undefined) return refuse({ cause: 'unavailable' }, { facts, ...assessment }, deps.answers)
        return ownPage('status', answerJson(quotaStatusOf(views, assessment.upstream.surface)))
      }
      case 'governed':
        return decide(assessment, { facts, bounds }, deps)
    }
  }
}

/** The last instant at which the store may take something, in its own clock. */
function spendBy(deadlineMs: number, { store, nowMs }: AuthorizeDeps): number {
  return Math.floor(store.nowMs() + (deadlineMs - nowMs()) * storeShare)
}

interface Asked {
  readonly facts: RequestFacts
  readonly bounds: Bounds
}

async function decide(governed: Governed, asked: Asked, deps: AuthorizeDeps): Promise<Decision> {
  using seat = mayWait(governed.limits) ? deps.seats.take(governed.principal.account.id) : undefined
  const { facts, bounds } = asked
  const attempt = (deadlineMs: number): Promise<Attempt> =>
    reserve(governed, { facts, deadlineMs, isSeated: seat !== undefined, heldUntilMsMax: bounds.heldUntilMsMax }, deps)
  const first = await attempt(bounds.deadlineMs)
  const { slots, nowMs } = deps
  const last = seat === undefined ? first : await waitForSlot(first, { bounds, slots, nowMs, attempt })
  // Awaited here, so that the seat is kept until the hold is over.
  const decision = await answer(governed, { ...asked, ...last }, deps)
  const { upstream, resource } = governed
  // Not before: who is refused must not make us ask an upstream.
  if (decision.verdict === 'allow' && resource.kind === 'index') deps.indexSeen(upstream, resource)
  return decision
}

function mayWait(limits: readonly LimitRule[]): boolean {
  for (const { kind, paceMsMax = 0 } of limits) if (kind === 'concurrency' || paceMsMax > 0) return true
  return false
}

/** One spend and what it came to. */
interface Attempt {
  readonly spend: AdmitRequest['spend']
  readonly admission: Admission
}

async function reserve(
  governed: Governed,
  asked: {
    readonly facts: RequestFacts
    readonly deadlineMs: number
    readonly isSeated: boolean
    readonly heldUntilMsMax: number
  },
  deps: AuthorizeDeps,
): Promise<Attempt> {
  const { principal, upstream, resource, estimate, limits } = governed
  const { facts, isSeated } = asked
  const { surface } = upstream
  const nowMs = deps.store.nowMs()
  const spend = {
    id: deps.mintId(nowMs),
    estimate,
    surface,
    notAfterMs: spendBy(asked.deadlineMs, deps),
    home: principal.account.partition,
    meta: metaOf(governed, facts),
    expiresInMs: deps.reservationMs,
  }
  const lineFacts = {
    principal,
    address: facts.address,
    surface,
    kind: resource.kind,
    estimate,
    isSizeAssumed: !governed.isSizeKnown,
    nowMs,
    windowsAt: deps.windowsAt,
    paceMsMax: isSeated ? Math.max(0, Math.floor(asked.heldUntilMsMax - deps.nowMs())) : 0,
  }
  return { spend, admission: await deps.admit({ limits, lineFacts, spend }) }
}

async function answer(governed: Governed, asked: Asked & Attempt, deps: AuthorizeDeps): Promise<Decision> {
  const { facts, bounds, spend, admission } = asked
  switch (admission.kind) {
    case 'unavailable':
      deps.observer.count('spends_unavailable_total', { reason: admission.reason })
      tellRefused({ ...governed, refusal: { cause: 'unavailable' }, atMs: deps.store.nowMs() }, deps)
      return refuse({ cause: 'unavailable' }, { facts, ...governed }, deps.answers)
    case 'refused': {
      const views = viewsOf(admission)
      const refusal = refusalFor(admission, { governed, views })
      tellRefused({ ...governed, refusal, admission, atMs: admission.answer.at }, deps)
      return withHeaders(refuse(refusal, { facts, ...governed }, deps.answers), rateLimitHeaders(views))
    }
    case 'unbooked':
      return pass(governed, deps, toldLimits(governed, facts))
    case 'taken': {
      countOverruns(admission, deps.observer)
      const { at, paceMs } = admission.answer
      // If the caller leaves meanwhile, this decision reaches nobody, and what it took is given back.
      if (paceMs > 0) await bounds.hold({ untilMs: deps.nowMs() + at + paceMs - deps.store.nowMs() })
      return pass(governed, deps, {
        ...toldLimits(governed, facts),
        headers: rateLimitHeaders(viewsOf(admission)),
        ticket: deps.signer.sign(ticketOf({ governed, admission, spend })),
      })
    }
  }
}

function withHeaders(decision: Decision, headers: readonly Header[]): Decision {
  if (decision.verdict === 'allow') return decision
  return { ...decision, answer: { ...decision.answer, headers: [...decision.answer.headers, ...headers] } }
}

/** Nearly every route asks for none. */
function toldLimits(
  { limits, upstream }: Governed,
  { tellsLimits }: RequestFacts,
): Pick<Passing, 'limits'> | undefined {
  return tellsLimits === true ? { limits: limitStructsOf(limits, upstream.surface) } : undefined
}

/** What a request that passes carries along. */
interface Passing {
  readonly headers?: readonly Header[]
  readonly ticket?: string
  readonly limits?: LimitStructs
}

function pass(
  caller: Pick<Governed, 'upstream'> & { readonly principal?: Principal },
  deps: AuthorizeDeps,
  { headers = [], ticket, limits }: Passing = {},
): Decision {
  const { upstream, principal } = caller
  const credential = upstream.credential === undefined ? undefined : deps.credentialOf(upstream.credential)
  const { set, removed } = upstreamHeaders({ principal, credential })
  return {
    verdict: 'allow',
    upstreamHeaders: set,
    removedHeaders: removed,
    responseHeaders: headers,
    metadata: ticket === undefined ? {} : { ticket },
    ...(limits && { limits }),
  }
}

/** Shadow limits, and artifact-only limits on index pages, say what they would have refused. */
function countOverruns({ lines, answer }: Admission & { readonly kind: 'taken' }, observer: Observer): void {
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]
    const state = answer.states[index]
    if (line !== undefined && state !== undefined && overran(line, state))
      observer.count('limit_overruns_total', { kind: line.kind, per: line.subject.kind })
  }
}
