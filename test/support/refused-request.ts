import { defaultPercents } from '../../src/core/alert-rule.ts'
import type { LimitRule, QuotaLine } from '../../src/core/limit.ts'
import type { Account } from '../../src/core/principal.ts'
import type { RefusedRequest } from '../../src/core/refused-request.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import type { RefusedLimit } from '../../src/core/verdict.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const window = { startMs: 10 * dayMs, endMs: 11 * dayMs }
const atMs = window.startMs + 5 * hourMs + 17
const account: Account = {
  ...{ id: 'alice', partition: 7, kind: 'person', role: 'member', project: 'vision', plan: 'free' },
  ...{ timeZone: 'UTC', disabled: false },
}
const principal = {
  account,
  project: { id: 'vision', partition: 7, department: 'research' },
  department: { id: 'research', partition: 7 },
}
const line: QuotaLine = {
  ...{
    kind: 'quota',
    limit: 'daily',
    subject: { kind: 'account', id: 'alice', partition: 7 },
    surface: 'any',
    hits: 1_000,
  },
  ...{ enforced: true, posture: 'allow', quantity: 'credits', amount: 5_000, window: 'day', timeZone: 'UTC' },
  ...{ current: window, next: { startMs: window.endMs, endMs: window.endMs + dayMs } },
}
const refusedLimit: RefusedLimit = {
  ...{ name: 'daily', counts: 'credits', used: 5_000, amount: 5_000, needs: 1_000, timeZone: 'UTC' },
  ...{ refusesWith429: false, per: 'account' },
}

/** Alice is refused by her daily quota of 5 credits, which are used up. */
export function refused(over: Partial<RefusedRequest> = {}): RefusedRequest {
  const refusal = { cause: 'quota', limit: refusedLimit } as const
  return {
    principal,
    surface: 'pypi',
    resource: 'torch',
    refusal,
    line,
    counter: { window, used: 5_000 },
    atMs,
    ...over,
  }
}

const rule: LimitRule = {
  ...{
    id: 'd',
    name: 'daily',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    surface: 'any',
    amount: 5_000,
    window: 'day',
  },
  ...{ appliesTo: { kind: 'anyone' }, enforceAt: 'artifact', posture: 'allow', shadow: false, refusesWith429: false },
}

/** What `refused()` is made of. */
export const parts = { hourMs, dayMs, window, atMs, principal, line, refusedLimit, rule }

/** A policy of that one limit. */
export function policy({ limit = rule, percents = defaultPercents } = {}): Snapshot {
  const known = {
    account: () => account,
    project: () => principal.project,
    department: () => principal.department,
    limitsOf: () => [limit],
    limitsAt: () => [limit],
    alertPercentsFor: () => percents,
  }
  return known as unknown as Snapshot
}
