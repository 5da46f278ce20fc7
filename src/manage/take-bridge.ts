import { createHash } from 'node:crypto'
import { wallTime } from '../core/calendar-text.ts'
import { Fault } from '../core/fault.ts'
import type { TimeRange } from '../core/limit.ts'
import { windowsAt } from '../core/quota-window.ts'
import { isSlug } from '../core/slug.ts'
import { textOfThousandths, thousandthsOf } from './amount-text.ts'
import type { AskedLimit, ListedGrant, Person, RequestTools } from './request-ports.ts'
import { limitFor } from './request-subject.ts'
import { type Actor, assertMay } from './who-may.ts'

const idStart = 'bridge-'
/** Those that began last; a bridge is of this window. */
const grantsMax = 1_000

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
  const nowMs = tools.nowMs()
  const window = windowOf(limit, person, nowMs)
  if (await hasBridge(tools, { account, limitName, nowMs })) throw takenAlready(limitName, window)
  const grant = {
    id: idOf({ account, rule: limit.rule, startMs: window.startMs }),
    for: { kind: 'account', id: account },
    ...{ limitName, amount: amountOf(limit, person), endsAtMs: window.endMs, note: 'bridge' },
    ...(actor.kind === 'account' && { by: actor.id }),
  } as const
  try {
    return await tools.requests.addGrant(grant)
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== 'conflict') throw cause
    throw takenAlready(limitName, window, cause)
  }
}

function takenAlready(limitName: string, window: TimeRange, cause?: unknown): Fault {
  const again = wallTime(window.endMs, 'UTC')
  const message = `The bridge of ${limitName} is taken in this window already; the next one from ${again} on`
  return new Fault('conflict', message, { cause })
}

/** Grants follow a limit's name, so that one that came by another row of the same name is found too. */
async function hasBridge(
  { requests }: Pick<RequestTools, 'requests'>,
  { account, limitName, nowMs }: { readonly account: string; readonly limitName: string; readonly nowMs: number },
): Promise<boolean> {
  const grants = await requests.grants({ account, state: 'running', countMax: grantsMax })
  return grants.some(
    ({ row: one }) => one.id.startsWith(idStart) && one.limitName === limitName && one.endsAtMs > nowMs,
  )
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

/** The same for one account, row and window, so that a second one cannot be written, whatever the limit is called by then. */
function idOf(what: { readonly account: string; readonly rule: string; readonly startMs: number }): string {
  const { account, rule, startMs } = what
  return `${idStart}${createHash('sha256').update(`${account}\n${rule}\n${startMs}`).digest('hex').slice(0, 32)}`
}
