import { Fault } from '../core/fault.ts'
import type { Outlook } from '../core/outlook.ts'
import { ceilingOf, leftBelow } from './lead-ceiling.ts'
import type { DecisionFacts, RequestTools } from './request-ports.ts'
import type { Decider } from './who-decides.ts'

/** How the limit stands and how much the decider may approve; what nobody can say just now is left out. Undefined: the limit is gone. */
export async function outlookOf(
  tools: Pick<RequestTools, 'budget'>,
  { actor, facts }: { readonly actor: Decider; readonly facts: DecisionFacts },
): Promise<Outlook | undefined> {
  const { limit } = facts
  if (limit === undefined) return undefined
  const [standing, most] = await Promise.all([
    ifKnown(standingOf(tools, facts)),
    ifKnown(mostOf(tools, { actor, facts })),
  ])
  return { counts: limit.counts, ...(standing && { standing }), ...(most !== undefined && { most }) }
}

/** Of an account, or of the project that shares a limit: of a project in which each has their own there is none. */
async function standingOf(
  { budget }: Pick<RequestTools, 'budget'>,
  { request, limit, askersProject }: DecisionFacts,
): Promise<Outlook['standing']> {
  if (limit?.kind !== 'quota') return undefined
  const { kind, id } = request.for
  const isShared = kind === 'project' && limit.per === 'project' && askersProject === id
  const account = kind === 'account' ? id : request.askedBy
  return kind === 'account' || isShared ? budget.standing({ account, rule: limit.rule }) : undefined
}

async function mostOf(
  tools: Pick<RequestTools, 'budget'>,
  given: { readonly actor: Decider; readonly facts: DecisionFacts },
): Promise<number | undefined> {
  const ceiling = await ceilingOf(tools, given)
  return ceiling && leftBelow(ceiling, given.facts)
}

async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (cause) {
    if (cause instanceof Fault) return undefined
    throw cause
  }
}
