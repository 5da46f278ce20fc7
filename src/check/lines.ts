import type { LimitRule, Line, TimeRange, WindowKind } from '../core/limit.ts'
import type { Principal } from '../core/principal.ts'
import type { Amounts } from '../core/quantity.ts'
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

/** What turns an account's limits into the lines of one request. */
export interface LineFacts {
  readonly principal: Principal
  readonly address: string
  readonly surface: Surface
  readonly kind: RequestKind
  readonly estimate: Amounts
  readonly nowMs: number
  readonly windowsAt: WindowsAt
}

/** The lines of one request, in the order of `limits`; limits of another surface, or of a subject the caller does not have, are left out. */
export function linesOf(limits: readonly LimitRule[], facts: LineFacts): readonly Line[] {
  return limits.flatMap((limit) => {
    if (limit.surface !== 'any' && limit.surface !== facts.surface) return []
    const subject = subjectOf(limit.per, facts)
    return subject === undefined ? [] : [lineOf(limit, { subject, facts })]
  })
}

/** Every subject whose counters a request moves: its place in the organisation always, others only where a quota counts them. */
export function subjectsOf(limits: readonly LimitRule[], facts: LineFacts): readonly Subject[] {
  const kinds = new Set<SubjectKind>(['account', 'project', 'department'])
  for (const limit of limits) if (limit.kind === 'quota') kinds.add(limit.per)
  return [...kinds].flatMap((kind) => subjectOf(kind, facts) ?? [])
}

function subjectOf(kind: SubjectKind, { principal, address }: LineFacts): Subject | undefined {
  switch (kind) {
    case 'account':
      return { kind, id: principal.account.id, partition: principal.account.partition }
    case 'project':
      return { kind, id: principal.project.id, partition: principal.project.partition }
    case 'department':
      return { kind, id: principal.department.id, partition: principal.department.partition }
    case 'token':
      return principal.token && { kind, id: principal.token.id, partition: principal.token.partition }
    case 'address':
      return { kind, id: address, partition: hashedPartition(address) }
    case 'everyone':
      return { kind, id: 'everyone', partition: hashedPartition('everyone') }
  }
}

function lineOf(limit: LimitRule, { subject, facts }: { readonly subject: Subject; readonly facts: LineFacts }): Line {
  const base = {
    limit: limit.name,
    subject,
    quantity: limit.counts,
    surface: limit.surface,
    hits: facts.estimate[limit.counts],
    enforced: !limit.shadow && (limit.enforceAt === 'everything' || refusableKinds.has(facts.kind)),
    posture: limit.posture,
    amount: limit.amount,
  }
  if (limit.kind === 'rate')
    return { ...base, kind: 'rate', periodMs: limit.periodMs ?? 1_000, burst: limit.burst ?? limit.amount }
  const window = limit.window ?? 'day'
  const timeZone = limit.timeZone ?? facts.principal.account.timeZone
  return { ...base, kind: 'quota', window, timeZone, ...facts.windowsAt(facts.nowMs, window, timeZone) }
}
