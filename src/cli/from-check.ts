import type { Assessment } from '../check/assess.ts'
import type { Explanation as Explained } from '../check/explain.ts'
import type { Standing } from '../check/standing.ts'
import type { Principal } from '../core/principal.ts'
import type { Caller, Explanation, LimitStanding } from './ports.ts'

/** What `check` found out, in the words that the commands print. */
export function shownExplained({ assessment, verdict, reason, limits }: Explained): Explanation {
  const principal = 'principal' in assessment ? assessment.principal : undefined
  const resource = 'resource' in assessment ? assessment.resource : undefined
  const zone = principal?.account.timeZone ?? 'UTC'
  return {
    ...(principal && { caller: callerOf(principal) }),
    ...(assessment.upstream && { upstream: assessment.upstream.id }),
    ...(resource && { kind: resource.kind, resource: resource.resource, file: resource.file }),
    ...costOf(assessment),
    limits: limits.map((limit) => shownStanding(limit, zone)),
    verdict,
    reason: reason === 'fits' ? 'ok' : reason,
    ...becauseOf(assessment),
  }
}

function becauseOf(assessment: Assessment): Pick<Explanation, 'because'> {
  const reason = assessment.kind === 'refused' ? assessment.refusal.reason : undefined
  return reason === undefined ? {} : { because: reason }
}

export function callerOf({ account, project, department, token }: Principal): Caller {
  return {
    ...{ account: account.id, project: project.id, department: department.id, plan: account.plan },
    ...(token && { token: token.id }),
  }
}

/** `zone` is the account's, for limits without one. A limit whose counter is not known is shown as fitting: nothing speaks against it. */
export function shownStanding(limit: Standing, zone: string): LimitStanding {
  const { name, per, subject, kind, counts, used, amount, enforced, fits = true, rule, retryAfterMs } = limit
  return {
    ...{ name, per, subject, kind, counts, amount, enforced, fits, rule, timeZone: limit.timeZone ?? zone },
    ...(used !== undefined && { used }),
    ...(kind === 'quota' && { resetAtMs: limit.resetAtMs }),
    ...(retryAfterMs !== undefined && retryAfterMs !== 0 && { retryAfterMs }),
  }
}

function costOf(assessment: Assessment): Pick<Explanation, 'price' | 'estimate' | 'access' | 'isSizeKnown'> {
  if (assessment.kind === 'governed') {
    const { price, estimate, isSizeKnown } = assessment
    return { price: price.id, estimate, isSizeKnown, access: { effect: 'allow' } }
  }
  if (assessment.kind !== 'refused' || assessment.refusal.cause !== 'denied') return {}
  return { access: { effect: 'deny', reason: assessment.refusal.reason ?? '' } }
}
