import type { LimitRule } from '../core/limit.ts'
import type { Account } from '../core/principal.ts'
import type { Place } from '../core/resolve-limits.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Subject } from '../core/subject.ts'
import type { BookedCounter } from './ports.ts'

/** A quota of a subject that somebody is told of, as it stands at an instant. */
export interface WatchedLimit {
  readonly limit: LimitRule
  /** The zone that cuts its windows; undefined: of each account its own, as with a project's limit that names none. */
  readonly timeZone: string | undefined
  /** Ascending, one at least. */
  readonly percents: readonly number[]
  /** Whom its events concern; nobody: the installation. */
  readonly concerns: { readonly account?: string; readonly project?: string; readonly department?: string }
}

/** Whose limits. */
interface Whose {
  readonly subject: Pick<Subject, 'kind' | 'id'>
  /** Of a token: its account, where that is known already. */
  readonly account?: string
  readonly atMs: number
}

const nowhere: Place = { account: '', project: '', department: '', plan: '' }

/**
 * The quotas whose counters belong to the subject: of an account those that are per account, of a token its account's per token, of a project
 * or department the rules as they apply to it as such, without account and plan (`untoldBecause` says of a rule whether it does). Addresses are nobody that could be told;
 * limits in shadow and those that nobody is told of are left out.
 */
export function watchedLimits(snapshot: Snapshot, { subject, account, atMs }: Whose): readonly WatchedLimit[] {
  const { kind, id } = subject
  if (kind === 'account') return ofAccount(snapshot, { account: snapshot.account(id), per: kind, atMs })
  if (kind === 'token') {
    const holder = snapshot.account(account ?? snapshot.token(id)?.account ?? '')
    return ofAccount(snapshot, { account: holder, per: kind, atMs })
  }
  const place = groupPlace(snapshot, { kind, id })
  if (place === undefined) return []
  const concerns = {
    ...(place.project !== '' && { project: place.project }),
    ...(place.department !== '' && { department: place.department }),
  }
  return watched(snapshot.limitsAt(place, atMs), { snapshot, place, per: kind, concerns })
}

/** Those of the limits that this counter counts for. */
export function limitsOver(limits: readonly WatchedLimit[], counter: BookedCounter): readonly WatchedLimit[] {
  return limits.filter(
    ({ limit, timeZone = counter.timeZone }) =>
      limit.counts === counter.quantity &&
      limit.surface === counter.surface &&
      limit.window === counter.window &&
      timeZone === counter.timeZone,
  )
}

function ofAccount(
  snapshot: Snapshot,
  {
    account,
    per,
    atMs,
  }: { readonly account: Account | undefined; readonly per: Subject['kind']; readonly atMs: number },
): readonly WatchedLimit[] {
  if (account === undefined) return []
  const department = snapshot.project(account.project)?.department ?? ''
  const place = { account: account.id, project: account.project, department, plan: account.plan }
  const concerns = { account: account.id, project: account.project, ...(department !== '' && { department }) }
  return watched(snapshot.limitsOf(account, atMs), { snapshot, place, per, concerns, timeZone: account.timeZone })
}

function groupPlace(snapshot: Snapshot, { kind, id }: Whose['subject']): Place | undefined {
  if (kind === 'everyone') return nowhere
  if (kind === 'department') return snapshot.department(id) && { ...nowhere, department: id }
  const project = kind === 'project' ? snapshot.project(id) : undefined
  return project && { ...nowhere, project: id, department: project.department }
}

interface Watching {
  readonly snapshot: Snapshot
  readonly place: Place
  readonly per: Subject['kind']
  readonly concerns: WatchedLimit['concerns']
  readonly timeZone?: string
}

function watched(limits: readonly LimitRule[], { snapshot, place, per, concerns, timeZone }: Watching) {
  const found: WatchedLimit[] = []
  for (const limit of limits) {
    if (limit.kind !== 'quota' || limit.per !== per || limit.shadow || limit.isFaulty) continue
    const percents = snapshot.alertPercentsFor({ limitName: limit.name, place })
    if (percents.length > 0) found.push({ limit, timeZone: limit.timeZone ?? timeZone, percents, concerns })
  }
  return found
}
