import { Fault } from '../core/fault.ts'
import { takesPacks } from '../core/grant.ts'
import { isSlug } from '../core/slug.ts'
import type { ListedPack, PackTools } from './pack-ports.ts'
import type { ListedGrant, Person } from './request-ports.ts'
import { limitFor } from './request-subject.ts'
import { type Actor, assertMay } from './who-may.ts'

export interface GivePack {
  readonly actor: Actor
  readonly account: string
  /** Id of a row of `pack`. */
  readonly pack: string
}

/**
 * Gives an account a pack, from now on: one for a day until the end of the account's calendar day, one for a month until the end of the same
 * day of the next month (of the last day, where that month has no such day). It is spent before the limit's own amount; given twice there
 * is twice as much. For administrators, but not to themselves.
 * Throws a `Fault`: `not_found` (no such account, pack or limit), `forbidden`, `not_valid` (not a quota that the account has alone),
 * `policy_unavailable`.
 */
export async function givePack(tools: PackTools, { actor, account, pack: id }: GivePack): Promise<ListedGrant> {
  const person = isSlug(account) ? await tools.requests.person(account) : undefined
  assertMay(actor, 'give grants', { account, project: person?.project ?? '' })
  if (person === undefined) throw new Fault('not_found', `There is no account ${account}`)
  if (actor.kind === 'account' && actor.id === account) {
    throw new Fault('forbidden', 'Nobody gives a pack to themselves; ask another administrator')
  }
  const pack = isSlug(id) ? await tools.packs.pack(id) : undefined
  if (pack === undefined) throw new Fault('not_found', `There is no pack ${id}`)
  const beneficiary = { kind: 'account', id: account } as const
  if (!takesPacks(await limitFor(tools, pack.limitName, beneficiary))) {
    throw new Fault(
      'not_valid',
      `The limit ${pack.limitName} is no quota that ${account} has alone, so no pack adds to it`,
    )
  }
  return tools.packs.addPack({
    id: `pack-${Buffer.from(tools.randomBytes(6)).toString('hex')}`,
    ...{ limitName: pack.limitName, for: beneficiary, amount: pack.amount, note: `The pack ${pack.id}` },
    endsAtMs: endOf(pack, person, tools.nowMs()),
    ...(actor.kind === 'account' && { by: actor.id }),
  })
}

/** What is for sale, by id. Throws a `Fault` of code `policy_unavailable`. */
export function listPacks({ packs }: Pick<PackTools, 'packs'>): Promise<readonly ListedPack[]> {
  return packs.packs()
}

/** A day ends where the next one begins, whatever hours the zone's clock leaves out. */
function endOf({ lasts }: ListedPack, { timeZone }: Person, nowMs: number): number {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDate()
  const last = lasts === 'day' ? today : today.add({ months: 1 })
  return last.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds
}
