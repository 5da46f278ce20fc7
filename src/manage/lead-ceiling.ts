import { amountWords } from '../core/amount-words.ts'
import { Fault } from '../core/fault.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import { thousandthsOf, thousandthsOfCode } from './amount-text.ts'
import type { DecisionFacts, RequestFacts, RequestTools } from './request-ports.ts'
import type { Actor } from './who-may.ts'

/** How much a lead may approve. */
export interface Ceiling {
  readonly counts: CountedQuantity
  /** What is left of the project's budget, in code units. */
  readonly remaining: number
}

/**
 * What is left of the project's budget before a lead decides; undefined for who has no ceiling, and where the project has no quota of the
 * kind. Throws a `Fault` of code `store_unavailable` when nobody can say: then a lead cannot approve.
 */
export async function ceilingOf(
  { budget }: Pick<RequestTools, 'budget'>,
  { actor, facts }: { readonly actor: Actor; readonly facts: RequestFacts },
): Promise<Ceiling | undefined> {
  const { request, limit, project } = facts
  const isBound = actor.kind === 'account' && actor.role !== 'admin' && request.for.kind === 'account'
  if (!isBound || limit === undefined || project === undefined) return undefined
  const { counts, surface } = limit
  try {
    const remaining = await budget.remaining({ account: request.for.id, project, counts, surface })
    return remaining === undefined ? undefined : { counts, remaining }
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== 'store_unavailable') throw cause
    const message = `Nobody can say now what is left of the project's budget, so a lead cannot approve; an administrator can, and you can decline`
    throw new Fault('store_unavailable', message, { cause, transient: true, isForCallers: true })
  }
}

/** Throws a `Fault` of code `forbidden` when the amount is above what is left, less what leads have given and still runs. */
export function assertBelow(
  ceiling: Ceiling | undefined,
  { amount, promised }: { readonly amount: string } & Pick<DecisionFacts, 'promised'>,
): void {
  if (ceiling === undefined) return
  if (thousandthsOf(amount) <= leftOf(ceiling, promised)) return
  const left = leftBelow(ceiling, { promised })
  const most = left === 0 ? 'nothing more of this' : `${amountWords(ceiling.counts, left)} at most`
  throw new Fault(
    'forbidden',
    `A lead may approve ${most}: so much is left of the project's budget, less what leads have granted already; an administrator may approve more`,
  )
}

/** What is left of it, less what leads have given and still runs: in code units, 0 or more. */
export function leftBelow(ceiling: Ceiling, { promised }: Pick<DecisionFacts, 'promised'>): number {
  const left = leftOf(ceiling, promised)
  return Math.max(0, Number(ceiling.counts === 'credits' ? left : left / 1_000n))
}

/** In thousandths of the unit of SQL. */
function leftOf({ counts, remaining }: Ceiling, promised: string): bigint {
  return thousandthsOfCode(remaining, counts) - thousandthsOf(promised)
}
