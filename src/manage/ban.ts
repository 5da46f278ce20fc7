import { createHash } from 'node:crypto'
import { parseCidr } from '../core/cidr.ts'
import { Fault } from '../core/fault.ts'
import type { AdminTools, PolicyRow } from './admin-ports.ts'
import { deleteRow, listRows, writeRow } from './policy-rows.ts'
import type { Actor } from './who-may.ts'

/** Who is banned: an account, or every caller from a network. */
export type Banned = { readonly account: string } | { readonly network: string }

/** A row of `access_rule` that denies an account or a network everything, or everything of one surface. */
export interface Ban {
  readonly id: string
  readonly account?: string
  readonly network?: string
  readonly surface?: 'pypi' | 'gpu'
  /** What the banned person reads. */
  readonly reason: string
  /** ISO 8601; absent: until it is removed. */
  readonly expiresAt?: string
}

export interface BanWish {
  readonly actor: Actor
  readonly banned: Banned
  readonly reason: string
  readonly untilMs?: number
  readonly surface?: 'pypi' | 'gpu'
}

const bansMax = 1_000
const idLengthMax = 64
const timeMsMax = 8e12

type BanTools = Pick<AdminTools, 'rows'>

/**
 * Bans an account or a network, in force within a second; once more changes reason and end of the same ban. Answers it, and as it was before.
 * Throws a `Fault`: `forbidden`, `not_valid` (no such account, no network, no reason of one line), `policy_unavailable`.
 */
export async function ban(
  tools: BanTools,
  { actor, banned, reason, untilMs, surface }: BanWish,
): Promise<{ readonly old?: Ban; readonly new: Ban }> {
  const who = checked(banned)
  if (untilMs !== undefined && !(untilMs > 0 && untilMs <= timeMsMax))
    throw new Fault('not_valid', 'A ban ends at a time')
  const values = {
    ...{
      account: null,
      network: null,
      ...who,
      effect: 'deny',
      reason,
      surface: surface ?? null,
      package_pattern: null,
    },
    expires_at: untilMs === undefined ? null : new Date(untilMs).toISOString(),
  }
  const written = await writeRow(tools, { actor, table: 'access_rule', key: [idOf(who)], values })
  return { new: banOf(written.new), ...(written.old && { old: banOf(written.old) }) }
}

/** Lifts a ban. Throws a `Fault`: `forbidden`, `not_found` (no such ban), `not_valid`, `policy_unavailable`. */
export async function unban(
  tools: BanTools,
  { actor, banned }: Pick<BanWish, 'actor' | 'banned'>,
): Promise<{ readonly old: Ban }> {
  const { old } = await deleteRow(tools, { actor, table: 'access_rule', key: [idOf(checked(banned))] })
  return { old: banOf(old) }
}

/**
 * Rows that deny an account or a network everything, whoever wrote them and how, by id; at most 1,000. Those whose end has passed are among them.
 * Throws a `Fault`: `forbidden`, `policy_unavailable`.
 */
export async function listBans(tools: BanTools, { actor }: Pick<BanWish, 'actor'>): Promise<readonly Ban[]> {
  const where = { effect: 'deny', package_pattern: null }
  const { rows } = await listRows(tools, { actor, table: 'access_rule', where, countMax: bansMax })
  return rows.filter((row) => row['account'] !== null || row['network'] !== null).map(banOf)
}

/** A network as PostgreSQL writes it: no host bits, one address as the block that callers are known by. */
function checked(banned: Banned): Banned {
  if ('account' in banned) return banned
  const said = banned.network.toLowerCase()
  const isBlock = said.includes('/')
  const block = parseCidr(isBlock ? said : `${said}${said.includes(':') ? '/64' : '/32'}`)
  if (block === undefined || (block.bits === 128 && block.prefix > 64))
    throw new Fault('not_valid', 'A network is written as 203.0.113.0/24 or 2001:db8::/48, of IPv6 a /64 or wider')
  return { network: `${addressOf(block)}/${block.prefix}` }
}

function addressOf({ bits, base }: { readonly bits: 32 | 128; readonly base: bigint }): string {
  const [width, count, separator, radix] = bits === 32 ? ([8, 4, '.', 10] as const) : ([16, 8, ':', 16] as const)
  const parts = Array.from({ length: count }, (_, index) => {
    const shift = BigInt(width * (count - 1 - index))
    return ((base >> shift) & ((1n << BigInt(width)) - 1n)).toString(radix)
  })
  return parts.join(separator)
}

/** Made from whom it is about, so that a ban is there once. An account whose name leaves no room is told by its digest. */
function idOf(banned: Banned): string {
  if ('network' in banned) return `netban-${banned.network.replaceAll(':', '.').replace('/', '-')}`
  const id = `ban-${banned.account}`
  if (id.length <= idLengthMax) return id
  return `ban-${createHash('sha256').update(banned.account).digest('hex').slice(0, 40)}`
}

function banOf(row: PolicyRow): Ban {
  const text = (column: string) => (typeof row[column] === 'string' ? row[column] : undefined)
  const [account, network, surface, expiresAt] = ['account', 'network', 'surface', 'expires_at'].map(text)
  return {
    id: text('id') ?? '',
    reason: text('reason') ?? '',
    ...(account !== undefined && { account }),
    ...(network !== undefined && { network }),
    ...((surface === 'pypi' || surface === 'gpu') && { surface }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}
