import { z } from 'zod'
import type { DomainRule } from '../core/descriptor-rule.ts'
import type { RawRow } from './ports.ts'
import { lastGood, type Substitute, type TableReader } from './quarantine.ts'
import { oneOf, rowReader } from './row-schema.ts'

/** Any visible text, as filters have it in `domain`: no slug. */
const id = z.string().regex(/^[^\p{Cc}]{1,255}$/u, { error: 'descriptor_domain_id_is_1_to_255_visible_characters' })

const shape = z.strictObject({
  id,
  counting: oneOf(['all_or_nothing', 'each'], 'descriptor_domain_counting_is_known'),
  charges_refused: z.boolean(),
  posture: oneOf(['allow', 'deny', 'local'], 'descriptor_domain_posture_is_known'),
  shadow: z.boolean(),
  quota_mode: z.boolean(),
  headers: oneOf(['none', 'ratelimit', 'x_ratelimit', 'both'], 'descriptor_domain_headers_are_known'),
  headers_show: oneOf(['tightest', 'all'], 'descriptor_domain_shows_tightest_or_all'),
  metadata: z.boolean(),
  trusts_descriptors: z.boolean(),
  surface: oneOf(['pypi', 'gpu'], 'descriptor_domain_surface_is_known').nullable(),
})
type Row = z.output<typeof shape>

/** What the table has where nothing is said, but for the posture: of that the strictest. */
const defaults: Row = {
  id: '',
  counting: 'all_or_nothing',
  charges_refused: false,
  posture: 'deny',
  shadow: false,
  quota_mode: false,
  headers: 'ratelimit',
  headers_show: 'tightest',
  metadata: false,
  trusts_descriptors: false,
  surface: null,
}

/** By the constraint names of `migrations/0240_descriptors.sql`. */
export const descriptorDomainReader: TableReader<DomainRule> = {
  table: 'descriptor_domain',
  read: rowReader(
    shape,
    [['descriptor_domain_that_trusts_has_a_surface', (row) => !row.trusts_descriptors || row.surface !== null]],
    domainOf,
  ),
  substitute: (row, before) => lastGood(row, before) ?? readable(row),
  heldWhenEmptied: true,
}

function domainOf(row: Row): DomainRule {
  return {
    id: row.id,
    counting: row.counting,
    chargesRefused: row.charges_refused,
    posture: row.posture,
    shadow: row.shadow,
    quotaMode: row.quota_mode,
    headers: row.headers,
    headersShow: row.headers_show,
    metadata: row.metadata,
    trustsDescriptors: row.trusts_descriptors,
    ...(row.surface !== null && { surface: row.surface }),
  }
}

/** Without the domain its limits would not apply: what can be read of it stands, the rest is as usual, and it trusts nobody. */
function readable(row: RawRow): Substitute<DomainRule> {
  const columns = Object.entries(shape.shape).flatMap(([column, schema]) => {
    const parsed = schema.safeParse(row[column])
    return parsed.success ? [[column, parsed.data] as const] : []
  })
  const known: Row = { ...defaults, ...Object.fromEntries(columns), id: String(row['id']), trusts_descriptors: false }
  return { noun: domainOf(known), inForce: 'what can be read of it' }
}
