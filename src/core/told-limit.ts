import type { LimitRule } from './limit.ts'

type Scope = LimitRule['appliesTo']['kind']

/** Scopes whose accounts are all of those who share a counter; of a narrower one, some who share it have another amount. */
const scopesOfAll: Readonly<Partial<Record<LimitRule['per'], readonly Scope[]>>> = {
  project: ['anyone', 'department', 'project'],
  department: ['anyone', 'department'],
  everyone: ['anyone'],
}

/**
 * Why nobody is told of the levels of a limit; undefined: people are, as `alert_rule` says. A counter that many share has levels only by an
 * amount that goes for all of them: a row for some of them (per project, for one plan) is enforced and told of to nobody.
 */
export function untoldBecause(rule: LimitRule): 'no_quota' | 'shadow' | 'address' | 'others_share' | undefined {
  if (rule.kind !== 'quota') return 'no_quota'
  if (rule.shadow) return 'shadow'
  if (rule.per === 'address') return 'address'
  const isForAll = scopesOfAll[rule.per]?.includes(rule.appliesTo.kind) ?? true
  return isForAll ? undefined : 'others_share'
}
