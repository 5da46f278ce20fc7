import { z } from 'zod'
import type { AccessRule } from '../core/access.ts'
import { parseCidr } from '../core/cidr.ts'
import { isPattern } from './pattern.ts'
import type { RawRow } from './ports.ts'
import { lastGood, type Substitute, type TableReader } from './quarantine.ts'
import { oneOf, rowReader, slug } from './row-schema.ts'

/** One row of `access_rule`; a tightened one may stand for two rules, the old and what can be read of the new. */
export interface AccessEntry {
  readonly rules: readonly AccessRule[]
}

const ipv6WidthMax = 64

const shape = z.strictObject({
  id: slug,
  effect: oneOf(['allow', 'deny'], 'access_effect_is_allow_or_deny'),
  surface: oneOf(['pypi', 'gpu'], 'access_surface_is_known').nullable(),
  network: z.string().refine(isNetwork, { error: 'access_network_of_ipv6_is_a_64_or_wider' }).nullable(),
  account: slug.nullable(),
  package_pattern: z.string().refine(isPattern, { error: 'access_package_pattern_is_a_pattern' }).nullable(),
  expires_at_ms: z.number({ error: 'access_expires_at_is_a_time' }).nullable(),
  reason: z.string().regex(/^[^\p{Cc}]{1,200}$/u, { error: 'access_reason_is_one_short_line' }),
})

export const accessReader: TableReader<AccessEntry> = {
  table: 'access_rule',
  read: rowReader(shape, [], (row) => ({ rules: [ruleOf(row)] })),
  substitute: stricterEntry,
  heldWhenEmptied: false,
}

function isNetwork(text: string): boolean {
  if (parseCidr(text) === undefined) return false
  return !text.includes(':') || Number(text.split('/')[1] ?? '128') <= ipv6WidthMax
}

function ruleOf(row: Partial<z.output<typeof shape>> & Pick<AccessRule, 'id' | 'effect'>): AccessRule {
  return {
    id: row.id,
    effect: row.effect,
    reason: row.reason ?? 'Denied by policy',
    ...(row.surface != null && { surface: row.surface }),
    ...(row.network != null && { cidr: row.network }),
    ...(row.account != null && { account: row.account }),
    ...(row.package_pattern != null && { packagePattern: row.package_pattern }),
    ...(row.expires_at_ms != null && { expiresAtMs: row.expires_at_ms }),
  }
}

/**
 * A deny is never held back. The old denies stay, for as long as the longer of old and new says; of a new deny applies what can be read,
 * if that still says whom or what it denies. A row that turns into a deny stops allowing.
 */
function stricterEntry(row: RawRow, before: AccessEntry | undefined): Substitute<AccessEntry> | undefined {
  const oldDenies = (before?.rules ?? []).filter((rule) => rule.effect === 'deny')
  if (row['effect'] !== 'deny') {
    return oldDenies.length > 0
      ? { noun: { rules: oldDenies }, inForce: 'stricter of old and new' }
      : lastGood(row, before)
  }
  const readable = readableDeny(row)
  const rules = [...oldDenies.map((rule) => prolonged(rule, row['expires_at_ms'])), ...(readable ? [readable] : [])]
  return rules.length > 0 ? { noun: { rules }, inForce: 'stricter of old and new' } : undefined
}

function readableDeny(row: RawRow): AccessRule | undefined {
  const readable = Object.entries(shape.shape).flatMap(([column, schema]) => {
    const parsed = schema.safeParse(row[column])
    return parsed.success && parsed.data !== null ? [[column, parsed.data] as const] : []
  })
  const columns: Partial<z.output<typeof shape>> = Object.fromEntries(readable)
  const saysWhat = columns.network ?? columns.account ?? columns.package_pattern
  return saysWhat === undefined ? undefined : ruleOf({ ...columns, id: String(row['id']), effect: 'deny' })
}

function prolonged(rule: AccessRule, newExpiresAtMs: unknown): AccessRule {
  const { expiresAtMs, ...forever } = rule
  if (expiresAtMs === undefined || newExpiresAtMs === null) return forever
  if (typeof newExpiresAtMs !== 'number' || !Number.isFinite(newExpiresAtMs)) return rule
  return { ...rule, expiresAtMs: Math.max(expiresAtMs, newExpiresAtMs) }
}
