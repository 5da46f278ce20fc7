import { Fault } from '../core/fault.ts'
import type { LimitRule } from '../core/limit.ts'
import type { Principal } from '../core/principal.ts'
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
 * What is left of a project's budget, and how one limit of an account stands, looked at as the account's own status does; nothing is taken. Throws a `Fault`: `store_unavailable`
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
}): ProjectBudget {
  const standingsOf = async (account: string, isHere: (principal: Principal) => boolean = () => true) => {
    const policy = await snapshot()
    const principal = policy && principalOf(policy, { account })
    if (policy === undefined) throw new Fault('store_unavailable', 'There is no policy yet', { transient: true })
    if (principal === undefined) throw new Fault('not_found', `There is no account ${account} in force`)
    if (!isHere(principal)) throw away('The policy in force does not know yet that the account moved')
    const read = createReadStatus({ look: await look(), windowsAt })
    const notAfterMs = storeNowMs() + lookMsMax
    const standings = await read({ principal, address: 'unknown', snapshot: policy, notAfterMs })
    if (standings === undefined) throw away()
    return standings
  }
  return {
    async remaining({ account, project, counts, surface }) {
      const standings = await standingsOf(account, (principal) => principal.project.id === project)
      const budgets = standings.filter((one) => isBudgetOf(one, { counts, surface }))
      return budgets.length === 0 ? undefined : Math.min(...budgets.map(restOf))
    },
    async standing({ account, rule }) {
      const { amount, used } = (await standingsOf(account)).find((one) => one.rule === rule) ?? {}
      return amount === undefined || used === undefined ? undefined : { amount, used }
    },
  }
}

interface ProjectBudget {
  remaining(wanted: Wanted): Promise<number | undefined>
  standing(wanted: {
    readonly account: string
    readonly rule: string
  }): Promise<{ readonly amount: number; readonly used: number } | undefined>
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
