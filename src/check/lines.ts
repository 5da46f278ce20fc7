import type { ConcurrencyLine, LimitRule, Line, QuotaLine, RateLine, TimeRange, WindowKind } from '../core/limit.ts'
import type { Principal } from '../core/principal.ts'
import type { Amounts, Quantity } from '../core/quantity.ts'
import type { RequestKind } from '../core/request.ts'
import { hashedPartition, type Subject, type SubjectKind, type Surface } from '../core/subject.ts'

/** This and the next calendar window of a kind in a zone. */
export type WindowsAt = (
  nowMs: number,
  kind: WindowKind,
  timeZone: string,
) => { readonly current: TimeRange; readonly next: TimeRange }

/** Kinds of request that a limit of `enforce_at artifact` may refuse. `other` is a path no layout knows: it may be a file. */
const refusableKinds: ReadonlySet<RequestKind> = new Set<RequestKind>([
  'artifact',
  'metadata',
  'upload',
  'call',
  'other',
])

/** Three times the interval at which Envoy logs a request that is under way: one late entry frees no slot. */
const slotMs = 9_000

/** What turns an account's limits into the lines of one request. */
export interface LineFacts {
  readonly principal: Principal
  readonly address: string
  readonly surface: Surface
  readonly kind: RequestKind
  readonly estimate: Amounts
  /** The estimate rests on a size that nobody knows. */
  readonly isSizeAssumed?: boolean
  readonly nowMs: number
  readonly windowsAt: WindowsAt
  /** How long this caller may be kept waiting for a rate; absent = not at all. */
  readonly paceMsMax?: number
}

/** A limit of requests through Envoy. */
type GovernedBy = LimitRule & { readonly surface: Surface | 'any' }

/** Whether requests of a surface are limited by it; those of the API's own never are. */
export function governs(limit: LimitRule, surface: Surface): limit is GovernedBy {
  return limit.surface === 'any' || limit.surface === surface
}

/** The lines of one request, in the order of `limits`. Left out: limits of another surface or of a subject the caller does not have, and faulty ones, which say no amount. */
export function linesOf(limits: readonly LimitRule[], facts: LineFacts): readonly Line[] {
  const lines: Line[] = []
  for (const limit of limits) {
    if (limit.isFaulty || !governs(limit, facts.surface)) continue
    const subject = subjectOf(limit.per, facts)
    if (subject !== undefined) lines.push(lineOf(limit, subject, facts))
  }
  return lines
}

/** Every subject whose counters a request moves: its place in the organisation always, others only where a quota counts them. */
export function subjectsOf(limits: readonly LimitRule[], facts: LineFacts): readonly Subject[] {
  const { account, project, department } = facts.principal
  const subjects = [
    subjectOfRow('account', account),
    subjectOfRow('project', project),
    subjectOfRow('department', department),
  ]
  for (const limit of limits) {
    if (limit.kind !== 'quota' || subjects.some(({ kind }) => kind === limit.per)) continue
    const subject = subjectOf(limit.per, facts)
    if (subject !== undefined) subjects.push(subject)
  }
  return subjects
}

function subjectOf(kind: SubjectKind, { principal, address }: LineFacts): Subject | undefined {
  switch (kind) {
    case 'account':
      return subjectOfRow(kind, principal.account)
    case 'project':
      return subjectOfRow(kind, principal.project)
    case 'department':
      return subjectOfRow(kind, principal.department)
    case 'token':
      return principal.token && { kind, id: principal.token.id, partition: principal.token.partition }
    case 'address':
      return { kind, id: address, partition: hashedPartition(address) }
    case 'everyone':
      return { kind, id: 'everyone', partition: hashedPartition('everyone') }
  }
}

/** Rows are immutable, so each is named once; the reservations of a caller share the object. */
const named = new WeakMap<object, Subject>()

function subjectOfRow(kind: SubjectKind, row: { readonly id: string; readonly partition: number }): Subject {
  const known = named.get(row)
  if (known !== undefined) return known
  const subject: Subject = { kind, id: row.id, partition: row.partition }
  named.set(row, subject)
  return subject
}

// Written out: objects put together from parts cost several times as much, and these are made for every line of every request.

function lineOf(limit: GovernedBy, subject: Subject, facts: LineFacts): Line {
  if (limit.counts === 'in_flight') return capOf(limit, subject, facts)
  const counted = { limit, quantity: limit.counts }
  return limit.kind === 'rate' ? rateOf(counted, subject, facts) : quotaOf(counted, subject, facts)
}

interface Counting {
  readonly limit: GovernedBy
  readonly quantity: Quantity
}

function capOf(limit: GovernedBy, subject: Subject, facts: LineFacts): ConcurrencyLine {
  return {
    kind: 'concurrency',
    limit: limit.name,
    subject,
    quantity: 'in_flight',
    surface: limit.surface,
    hits: 1,
    enforced: isEnforced(limit, facts),
    posture: limit.posture,
    amount: limit.amount,
    slotMs,
  }
}

function rateOf({ limit, quantity }: Counting, subject: Subject, facts: LineFacts): RateLine {
  const burst = limit.burst ?? limit.amount
  return {
    kind: 'rate',
    limit: limit.name,
    subject,
    quantity,
    surface: limit.surface,
    hits: hitsOfRate(quantity, burst, facts),
    enforced: isEnforced(limit, facts),
    posture: limit.posture,
    amount: limit.amount,
    periodMs: limit.periodMs ?? 1_000,
    burst,
    paceMsMax: Math.min(limit.paceMsMax ?? 0, facts.paceMsMax ?? 0),
  }
}

/** Of a size that is only assumed no more than the burst is asked: the file may be smaller, so it passes when the rate is full. */
function hitsOfRate(quantity: Quantity, burst: number, { estimate, isSizeAssumed = false }: LineFacts): number {
  const isGuess = isSizeAssumed && (quantity === 'bytes' || quantity === 'credits')
  return isGuess ? Math.min(estimate[quantity], burst) : estimate[quantity]
}

function quotaOf({ limit, quantity }: Counting, subject: Subject, facts: LineFacts): QuotaLine {
  const window = limit.window ?? 'day'
  const timeZone = limit.timeZone ?? facts.principal.account.timeZone
  const { current, next } = facts.windowsAt(facts.nowMs, window, timeZone)
  return {
    kind: 'quota',
    limit: limit.name,
    subject,
    quantity,
    surface: limit.surface,
    hits: facts.estimate[quantity],
    enforced: isEnforced(limit, facts),
    posture: limit.posture,
    amount: limit.amount,
    window,
    timeZone,
    current,
    next,
  }
}

function isEnforced(limit: LimitRule, facts: LineFacts): boolean {
  return !limit.shadow && (limit.enforceAt === 'everything' || refusableKinds.has(facts.kind))
}
