import type { Report } from '../../../core/charge.ts'
import { decideAccess } from '../../../core/decide-access.ts'
import type { DescriptorRefusal } from '../../../core/descriptor-refusal.ts'
import type { DomainRule } from '../../../core/descriptor-rule.ts'
import type { LimitRule, Line } from '../../../core/limit.ts'
import type { Principal } from '../../../core/principal.ts'
import { noAmounts } from '../../../core/quantity.ts'
import { refundOf } from '../../../core/refund.ts'
import type { Snapshot } from '../../../core/snapshot.ts'
import type { Surface } from '../../../core/subject.ts'
import type { Ticket } from '../../../core/ticket.ts'
import type { Admission, Admit, AdmitRequest } from '../../admission.ts'
import { principalOf } from '../../identify.ts'
import { governs, type LineFacts, linesOf, type WindowsAt } from '../../lines.ts'
import type { Look } from '../../look.ts'
import type { SpendStore } from '../../ports.ts'
import { refusedUncounted, withinNoLimit } from '../plain-status.ts'
import type { DescriptorStatus } from '../rate-limit-words.ts'
import { type OwnState, ownStateOf, refusedStateOf } from './own-status.ts'

export interface OwnLimitsDeps {
  readonly store: Pick<SpendStore, 'report' | 'nowMs'>
  readonly admit: Admit
  readonly look: Look
  readonly windowsAt: WindowsAt
  /** A new reservation id, minted at an instant. */
  readonly mintId: (nowMs: number) => string
  /** Takes a report over that the store did not take. */
  readonly keep: (report: Report) => void
  readonly reservationMs: number
  /** What is asked, or undefined when it has not answered within so many milliseconds. */
  readonly within: <T>(asked: Promise<T>, leftMs: number) => Promise<T | undefined>
}

export interface Asked {
  readonly snapshot: Snapshot
  /** In the store's clock. */
  readonly notAfterMs: number
}

/** What taking from an account's own limits came to. */
export interface OwnSpend {
  readonly status: DescriptorStatus
  /** Why it is refused, where it is. */
  readonly refusal?: DescriptorRefusal
  /** Books it for good, or gives it back because the call was refused by another limit. To be called once. */
  settle(how: 'stands' | 'given_back'): void
}

/** An account's own limits, those that Check holds its requests to, as a rate limit service tells and takes them. */
export interface OwnLimits {
  /** As they stand for the caller of a reservation: Check has taken from them already, so nothing is taken and nothing refused. */
  show(ticket: Ticket, asked: Asked): Promise<DescriptorStatus>
  /**
   * Takes `hits` requests of 1 credit each from an account that the domain is trusted to name; 0 looks, and so do hits that are given back,
   * because what was booked is never unbooked on a caller's word. An account that is not there, is disabled or denied is over its limit.
   */
  spend(account: string, asked: Asked & { readonly domain: DomainRule; readonly hits: number }): Promise<OwnSpend>
}

/** More than this in one call is refused, whatever the limits: no books can hold many such figures. */
const hitsMax = 1_000_000_000
const milliPerHit = 1_000
/** What nobody knows of a call that is no request through Envoy. */
const noAddress = 'unknown'

export function createOwnLimits(deps: OwnLimitsDeps): OwnLimits {
  return {
    async show(ticket, { snapshot, notAfterMs }) {
      const { account, token, address } = ticket.meta
      const principal = principalOf(snapshot, { account, token: snapshot.token(token) })
      if (principal === undefined) return withinNoLimit
      const asked = { snapshot, notAfterMs, surface: ticket.surface }
      const { status } = await look({ principal, address }, asked, deps)
      return { ...status, code: 'ok' }
    },
    async spend(account, asked) {
      const { snapshot, domain, hits, notAfterMs } = asked
      const surface = domain.surface
      const principal = principalOf(snapshot, { account })
      if (surface === undefined || principal === undefined) return refused({ kind: 'nobody' })
      if (hits > hitsMax) return refused({ kind: 'too_many', hits, hitsMax })
      const kept = keptOut(principal, { snapshot, surface, nowMs: deps.store.nowMs() })
      if (kept !== undefined) return refused(kept)
      if (hits <= 0) {
        const seen = await look({ principal, address: noAddress }, { snapshot, notAfterMs, surface }, deps)
        const state = hits < 0 ? { status: { ...seen.status, code: 'ok' as const } } : seen
        return { ...state, settle: () => undefined }
      }
      return take({ principal, surface, hits }, asked, deps)
    },
  }
}

interface Caller {
  readonly principal: Principal
  readonly address: string
}

/** Of the limits that hits count for: those of requests and credits. A cap would need the end of a call, which nobody tells. */
function countedBy(limits: readonly LimitRule[], address: string): readonly LimitRule[] {
  return limits.filter(
    ({ kind, counts, per }) =>
      kind !== 'concurrency' &&
      (counts === 'requests' || counts === 'credits') &&
      (per !== 'address' || address !== noAddress),
  )
}

async function look(
  { principal, address }: Caller,
  { snapshot, notAfterMs, surface }: Asked & { readonly surface: Surface },
  { look: ask, store, windowsAt, within }: OwnLimitsDeps,
): Promise<OwnState> {
  const facts = { principal, address, surface, kind: 'artifact', estimate: noAmounts, windowsAt } as const
  const linesAt = (nowMs: number): readonly Line[] =>
    linesOf(countedBy(snapshot.limitsOf(principal.account, nowMs), address), { ...facts, nowMs })
  const nowMs = store.nowMs()
  if (linesAt(nowMs).length === 0) return { status: withinNoLimit }
  const seen = await within(ask(linesAt, { notAfterMs }), notAfterMs - nowMs)
  return seen === undefined ? { status: withinNoLimit } : ownStateOf(seen, principal.account.timeZone)
}

/** What keeps the account out, however little it used: a limit that cannot be read, or an access rule. */
function keptOut(
  { account }: Principal,
  { snapshot, surface, nowMs }: { readonly snapshot: Snapshot; readonly surface: Surface; readonly nowMs: number },
): DescriptorRefusal | undefined {
  const asked = { surface, kind: 'other', account: account.id, address: noAddress, resource: '', nowMs } as const
  const faulty = snapshot.limitsOf(account, nowMs).find((limit) => limit.isFaulty === true && governs(limit, surface))
  if (faulty !== undefined) return { kind: 'faulty', limit: faulty.name }
  const isDenied = decideAccess(snapshot.accessRules, asked, snapshot.matchesPattern).kind === 'deny'
  return isDenied ? { kind: 'nobody' } : undefined
}

async function take(
  { principal, surface, hits }: { readonly principal: Principal; readonly surface: Surface; readonly hits: number },
  { snapshot, notAfterMs }: Asked,
  deps: OwnLimitsDeps,
): Promise<OwnSpend> {
  const { store, windowsAt, mintId, reservationMs } = deps
  const nowMs = store.nowMs()
  const estimate = { ...noAmounts, requests: hits, credits: hits * milliPerHit }
  const lineFacts: LineFacts = { principal, address: noAddress, surface, kind: 'other', estimate, nowMs, windowsAt }
  const spend = {
    ...{ id: mintId(nowMs), estimate, surface, notAfterMs, home: principal.account.partition },
    ...{ meta: metaOf(principal), expiresInMs: reservationMs, isPart: true as const },
  }
  const limits = countedBy(snapshot.limitsOf(principal.account, nowMs), noAddress)
  const admission = await deps.admit({ limits, lineFacts, spend })
  if (isUndecided(admission) && !limits.some(denies)) return { status: withinNoLimit, settle: () => undefined }
  return spendOf(admission, { spend, timeZone: principal.account.timeZone }, deps)
}

/** Who is charged, and that it was not for a request through Envoy. */
function metaOf({ account, project, department }: Principal): Ticket['meta'] {
  const where = { token: '', address: '', upstream: '', kind: 'rate_limit', resource: '', file: '' }
  return { account: account.id, project: project.id, department: department.id, ...where }
}

/** The store came too late to take anything, and no posture was asked. */
function isUndecided(admission: Admission): boolean {
  return admission.kind === 'unavailable' && (admission.reason === 'late' || admission.reason === 'unsettled_answer')
}

function denies({ posture, shadow }: LimitRule): boolean {
  return posture === 'deny' && !shadow
}

function spendOf(
  admission: Admission,
  { spend, timeZone }: { readonly spend: AdmitRequest['spend']; readonly timeZone: string },
  deps: OwnLimitsDeps,
): OwnSpend {
  if (admission.kind === 'unbooked') return { status: withinNoLimit, settle: () => undefined }
  if (admission.kind === 'unavailable') return refused({ kind: 'unavailable' })
  const { lines, answer } = admission
  const seen = { lines, states: answer.states, at: answer.at }
  if (admission.kind === 'refused')
    return { ...refusedStateOf(seen, admission.answer, timeZone), settle: () => undefined }
  return {
    status: { ...ownStateOf(seen, timeZone).status, code: 'ok' },
    settle: (how) => void tell(how === 'stands' ? finalOf(admission, spend) : givenBack(admission, spend, deps), deps),
  }
}

/** Without a limit to show. */
function refused(refusal: DescriptorRefusal): OwnSpend {
  return { status: refusedUncounted, refusal, settle: () => undefined }
}

type Taken = Admission & { readonly kind: 'taken' }

/** Nothing more will be heard of it, so it is decided at once. */
function finalOf({ answer, subjects }: Taken, spend: AdmitRequest['spend']): Report {
  const { id, surface, home, meta, estimate, expiresInMs } = spend
  const base = { id, at: answer.at, partitions: answer.epochs, subjects, surface, home, meta, expiresInMs }
  return { ...base, state: 'final', amounts: estimate, outcome: 'delivered' }
}

function givenBack({ answer, subjects }: Taken, spend: AdmitRequest['spend'], { store }: OwnLimitsDeps): Report {
  const { id, surface, home, meta } = spend
  return refundOf({ id, at: answer.at, subjects, surface, home, meta }, store.nowMs())
}

async function tell(report: Report, { store, keep }: OwnLimitsDeps): Promise<void> {
  const answer = await store.report(report).catch(() => undefined)
  if (answer === undefined || answer === 'early') keep(report)
}
