import { createHash } from 'node:crypto'
import { Fault } from '../core/fault.ts'
import type { TimeRange } from '../core/limit.ts'
import { windowsAt } from '../core/quota-window.ts'
import { isSlug } from '../core/slug.ts'
import { textOfThousandths, thousandthsOf } from './amount-text.ts'
import type { AskedLimit, ListedGrant, Person, RequestTools } from './request-ports.ts'
import { limitFor } from './request-subject.ts'
import { type Actor, assertMay } from './who-may.ts'

/**
 * A few percent more of an account's own quota until its window ends, as its plan has it (`plan.bridge_percent`), without being asked why: once
 * per window, at any time in it. The percentage is of the limit's own amount, without what is granted.
 * Throws a `Fault`: `not_found` (no such account or limit), `forbidden`, `not_valid` (no bridge in the plan, not a quota of the account alone,
 * too small for a whole unit), `conflict` (taken in this window already; says when again), `policy_unavailable`.
 */
export async function takeBridge(
  tools: Pick<RequestTools, 'requests' | 'nowMs'>,
  { actor, account, limitName }: { readonly actor: Actor; readonly account: string; readonly limitName: string },
): Promise<ListedGrant> {
  const person = isSlug(account) ? await tools.requests.person(account) : undefined
  assertMay(actor, 'take the bridge', { account, project: person?.project ?? '' })
  if (person === undefined) throw new Fault('not_found', `There is no account ${account}`)
  const limit = await limitFor(tools, limitName, { kind: 'account', id: account })
  const window = windowOf(limit, person, tools.nowMs())
  const grant = {
    id: idOf({ account, limitName, startMs: window.startMs }),
    for: { kind: 'account', id: account },
    ...{ limitName, amount: amountOf(limit, person), endsAtMs: window.endMs, note: 'bridge' },
    ...(actor.kind === 'account' && { by: actor.id }),
  } as const
  try {
    return await tools.requests.addGrant(grant)
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== 'conflict') throw cause
    const again = new Date(window.endMs).toISOString()
    throw new Fault(
      'conflict',
      `The bridge of ${limitName} is taken in this window already; the next one from ${again} on`,
      { cause },
    )
  }
}

function windowOf({ kind, per, isShadow, window, timeZone }: AskedLimit, person: Person, nowMs: number): TimeRange {
  if (person.isDisabled) throw new Fault('forbidden', `The account ${person.id} is disabled`)
  if (person.bridgePercent === 0)
    throw new Fault('not_valid', `The plan ${person.plan} has no bridge; ask for more instead`)
  if (kind !== 'quota' || per !== 'account' || isShadow || window === undefined) {
    throw new Fault('not_valid', 'A bridge is for quotas that an account has alone; ask for more instead')
  }
  return windowsAt(nowMs, { window, timeZone: timeZone ?? person.timeZone }, new Map()).current
}

/** Rounded down, because a bridge is never more than its percentage. */
function amountOf({ amount, counts }: AskedLimit, { bridgePercent }: Person): string {
  const exact = (thousandthsOf(amount) * BigInt(bridgePercent)) / 100n
  const rounded = counts === 'credits' ? exact : exact - (exact % 1_000n)
  if (rounded > 0n) return textOfThousandths(rounded)
  throw new Fault('not_valid', `${bridgePercent} % of ${amount} is nothing; ask for more instead`)
}

/** The same for one account, limit and window, so that a second row cannot be written. */
function idOf(what: { readonly account: string; readonly limitName: string; readonly startMs: number }): string {
  const { account, limitName, startMs } = what
  return `bridge-${createHash('sha256').update(`${account}\n${limitName}\n${startMs}`).digest('hex').slice(0, 32)}`
}
