import { answerJson } from '../core/answer.ts'
import type { Report } from '../core/charge.ts'
import { type LimitView, limitViewsOf, refusalOf } from '../core/limit-view.ts'
import type { Principal } from '../core/principal.ts'
import { quotaStatusOf } from '../core/quota-status.ts'
import { rateLimitHeaders } from '../core/rate-limit-headers.ts'
import { refundOf } from '../core/refund.ts'
import type { RequestFacts } from '../core/request.ts'
import type { Ticket } from '../core/ticket.ts'
import { upstreamHeaders } from '../core/upstream-headers.ts'
import type { Decision, Header, Refusal } from '../core/verdict.ts'
import type { Observer } from '../telemetry/observer.ts'
import { type Admission, type Admit, overran } from './admit.ts'
import { type AnswerContext, landingPage, ownPage, refuse } from './answers.ts'
import { assess, type Governed } from './assess.ts'
import type { WindowsAt } from './lines.ts'
import type { HeatSource, PolicySource, SizeCatalogue, SpendStore } from './ports.ts'
import type { ReadStatus } from './status.ts'
import type { TicketSigner } from './ticket.ts'

export interface AuthorizeDeps {
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly sizes: SizeCatalogue
  readonly heats: HeatSource
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
  /** Takes a refund over until the store has it. */
  readonly giveBack: (refund: Report) => void
}

export type Authorize = (facts: RequestFacts, bounds: { readonly deadlineMs: number }) => Promise<Decision>

/** How much of the time left the store may use: the rest is for what is decided when it has not answered. */
const storeShare = 0.8

/**
 * Decides one request: credential → principal → access → price → limits → spend → verdict. Takes nothing unless it answers `allow`,
 * and nothing after the deadline (this machine's clock, epoch ms). Throws only on faults of ours; the caller answers those `unavailable`.
 */
export function createAuthorize(deps: AuthorizeDeps): Authorize {
  return async (facts, { deadlineMs }) => {
    const snapshot = deps.policy.current()
    if (snapshot === undefined) return refuse({ cause: 'unavailable' }, { facts }, deps.answers)
    const nowMs = deps.store.nowMs()
    const notAfterMs = Math.floor(nowMs + (deadlineMs - deps.nowMs()) * storeShare)
    const { sizes, heats } = deps
    const given = { snapshot, sizes, heats, nowMs, isPolicyFresh: deps.policy.isFresh() }
    const assessment = assess(facts, given)
    switch (assessment.kind) {
      case 'refused':
        return refuse(assessment.refusal, { facts, ...assessment }, deps.answers)
      case 'landing':
        return landingPage({ facts, ...assessment }, deps.answers)
      case 'preflight':
        return pass({ upstream: assessment.upstream }, deps)
      case 'status': {
        const views = await deps.readStatus({ ...assessment, address: facts.address, snapshot, notAfterMs })
        if (views === undefined) return refuse({ cause: 'unavailable' }, { facts, ...assessment }, deps.answers)
        return ownPage('status', answerJson(quotaStatusOf(views, assessment.upstream.surface)))
      }
      case 'governed':
        return decide(assessment, { facts, nowMs, notAfterMs }, deps)
    }
  }
}

interface Asked {
  readonly facts: RequestFacts
  /** Both in the store's clock. */
  readonly nowMs: number
  readonly notAfterMs: number
}

async function decide(governed: Governed, asked: Asked, deps: AuthorizeDeps): Promise<Decision> {
  const { principal, upstream, resource, estimate, limits } = governed
  const { facts, nowMs, notAfterMs } = asked
  const { surface } = upstream
  const spend = {
    id: deps.mintId(nowMs),
    estimate,
    surface,
    notAfterMs,
    home: principal.account.partition,
    meta: metaOf(governed, facts),
    expiresInMs: deps.reservationMs,
  }
  const { windowsAt } = deps
  const lineFacts = { principal, address: facts.address, surface, kind: resource.kind, estimate, nowMs, windowsAt }
  const admission = await deps.admit({ limits, lineFacts, spend })
  switch (admission.kind) {
    case 'unavailable':
      deps.observer.count('spends_unavailable_total', { reason: admission.reason })
      // The store may have taken it without our hearing so.
      if (admission.subjects !== undefined)
        deps.giveBack(refundOf({ ...spend, subjects: admission.subjects, at: nowMs }, notAfterMs))
      return refuse({ cause: 'unavailable' }, { facts, ...governed }, deps.answers)
    case 'refused': {
      const views = viewsOf(admission)
      const refusal = refusalFor(admission, { governed, views })
      return withHeaders(refuse(refusal, { facts, ...governed }, deps.answers), rateLimitHeaders(views))
    }
    case 'unbooked':
      return pass(governed, deps)
    case 'taken': {
      countOverruns(admission, deps.observer)
      return pass(governed, deps, {
        headers: rateLimitHeaders(viewsOf(admission)),
        ticket: deps.signer.sign(ticketOf({ governed, admission, spend })),
      })
    }
  }
}

function viewsOf({ lines, answer }: Admission & { readonly kind: 'taken' | 'refused' }): readonly LimitView[] {
  return limitViewsOf(lines, answer.states, answer.at)
}

function withHeaders(decision: Decision, headers: readonly Header[]): Decision {
  if (decision.verdict === 'allow') return decision
  return { ...decision, answer: { ...decision.answer, headers: [...decision.answer.headers, ...headers] } }
}

function metaOf({ principal, upstream, resource }: Governed, { address }: RequestFacts): Ticket['meta'] {
  return {
    account: principal.account.id,
    project: principal.project.id,
    department: principal.department.id,
    token: principal.token?.id ?? '',
    address,
    upstream: upstream.id,
    kind: resource.kind,
    resource: resource.resource,
    file: resource.file,
  }
}

function ticketOf(taken: {
  readonly governed: Governed
  readonly admission: Admission & { readonly kind: 'taken' }
  readonly spend: Pick<Ticket, 'id' | 'surface' | 'home' | 'estimate' | 'meta'>
}): Ticket {
  const { governed, admission, spend } = taken
  return {
    id: spend.id,
    surface: spend.surface,
    home: spend.home,
    estimate: spend.estimate,
    meta: spend.meta,
    at: admission.answer.at,
    partitions: admission.answer.epochs,
    subjects: admission.subjects,
    price: governed.price,
    // A call's path may be long and has no size to learn.
    path: governed.resource.kind === 'call' ? '' : governed.resource.path,
  }
}

/** A size that is only assumed cannot make a request too large for ever: it may turn out smaller. */
function refusalFor(
  { lines, answer }: Admission & { readonly kind: 'refused' },
  { governed, views }: { readonly governed: Governed; readonly views: readonly LimitView[] },
): Refusal {
  const line = lines[answer.line]
  const view = views[answer.line]
  if (line === undefined || view === undefined) return { cause: 'unavailable' }
  const limit = governed.limits.find(({ name }) => name === line.limit)
  const isAssumed = answer.retryAfterMs === 'never' && line.kind === 'quota' && !governed.isSizeKnown
  return refusalOf(view, {
    retryAfterMs: isAssumed ? view.resetAfterMs : answer.retryAfterMs,
    refusesWith429: limit?.refusesWith429 ?? false,
    needs: line.hits,
    timeZone: governed.principal.account.timeZone,
  })
}

function pass(
  caller: Pick<Governed, 'upstream'> & { readonly principal?: Principal },
  deps: AuthorizeDeps,
  taken?: { readonly headers: readonly Header[]; readonly ticket: string },
): Decision {
  const { upstream, principal } = caller
  const credential = upstream.credential === undefined ? undefined : deps.credentialOf(upstream.credential)
  const { set, removed } = upstreamHeaders({ principal, credential })
  return {
    verdict: 'allow',
    upstreamHeaders: set,
    removedHeaders: removed,
    responseHeaders: taken?.headers ?? [],
    metadata: taken === undefined ? {} : { ticket: taken.ticket },
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
