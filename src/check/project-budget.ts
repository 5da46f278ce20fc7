import { Fault } from '../core/fault.ts'
import type { LimitRule } from '../core/limit.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { principalOf } from './identify.ts'
import type { WindowsAt } from './lines.ts'
import type { Look } from './look.ts'
import type { Standing } from './standing.ts'
import { createReadStatus } from './status.ts'

const lookMsMax = 2_000

/** Whose rest is asked for: that of the quotas which the account's project has of a quantity on a surface. */
interface Wanted {
  readonly account: string
  readonly project: string
  readonly counts: LimitRule['counts']
  readonly surface: LimitRule['surface']
}

/**
 * What is left of a project's budget, looked at as the account's own status does; nothing is taken. Throws a `Fault`: `store_unavailable`
 * when nobody can say, `not_found` for an account that is not in force.
 */
export function createProjectBudget({
  snapshot,
  look,
  windowsAt,
  storeNowMs,
}: {
  readonly snapshot: () => Promise<Snapshot | undefined>
  readonly look: () => Promise<Look>
  readonly windowsAt: WindowsAt
  readonly storeNowMs: () => number
}): { remaining(wanted: Wanted): Promise<number | undefined> } {
  return {
    async remaining({ account, project, counts, surface }) {
      const policy = await snapshot()
      const principal = policy && principalOf(policy, { account })
      if (policy === undefined) throw new Fault('store_unavailable', 'There is no policy yet', { transient: true })
      if (principal === undefined) throw new Fault('not_found', `There is no account ${account} in force`)
      if (principal.project.id !== project) throw away('The policy in force does not know yet that the account moved')
      const read = createReadStatus({ look: await look(), windowsAt })
      const standings = await read({
        principal,
        address: 'unknown',
        snapshot: policy,
        notAfterMs: storeNowMs() + lookMsMax,
      })
      if (standings === undefined) throw away()
      const budgets = standings.filter((one) => isBudgetOf(one, { counts, surface }))
      return budgets.length === 0 ? undefined : Math.min(...budgets.map(restOf))
    },
  }
}

/** A shadow limit refuses nobody, so it is no budget either. */
function isBudgetOf(
  { kind, per, enforced, counts, surface }: Standing,
  wanted: Pick<Wanted, 'counts' | 'surface'>,
): boolean {
  const isOverlapping = surface === 'any' || wanted.surface === 'any' || surface === wanted.surface
  return kind === 'quota' && per === 'project' && enforced && counts === wanted.counts && isOverlapping
}

function restOf({ amount, used }: Standing): number {
  // Nothing is known of a counter that nobody could seed in time.
  if (used === undefined) throw away()
  return Math.max(0, amount - used)
}

function away(why = 'The spend store does not answer'): Fault {
  return new Fault('store_unavailable', why, { transient: true })
}
