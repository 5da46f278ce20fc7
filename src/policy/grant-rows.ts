import { z } from 'zod'
import { milliOfCredits } from '../core/credits.ts'
import type { Grant } from '../core/grant.ts'
import { lastGood, type TableReader } from './quarantine.ts'
import { oneOf, rowReader, slug } from './row-schema.ts'

const exactMax = 2 ** 52
const isTime = 'grant_ends_after_it_starts'
const isPart = 'grant_spent_is_a_part_of_it'
const decimal = (rule: string) => z.string().regex(/^-?\d{1,16}(\.\d{1,3})?$/, { error: rule })

const shape = z.strictObject({
  id: slug,
  kind: oneOf(['raise', 'pack'], 'grant_kind_is_known'),
  limit_name: slug,
  account: slug.nullable(),
  project: slug.nullable(),
  department: slug.nullable(),
  amount: decimal('grant_amount_is_counted_exactly'),
  spent: decimal(isPart),
  starts_at_ms: z.number({ error: isTime }),
  ends_at_ms: z.number({ error: isTime }),
})
type Row = z.output<typeof shape>

/** Not held when emptied: without grants everybody has what the limits say. */
export const grantReader: TableReader<Grant> = {
  table: 'grant',
  read: rowReader(
    shape,
    [
      ['grant_is_for_one_thing', (row) => grantees(row).length === 1],
      ['grant_amount_is_positive', (row) => Number(row.amount) > 0],
      ['grant_amount_is_counted_exactly', (row) => Number(row.amount) <= exactMax],
      [
        isPart,
        ({ kind, spent, amount }) => Number(spent) >= 0 && Number(spent) <= (kind === 'pack' ? Number(amount) : 0),
      ],
      ['grant_pack_is_for_an_account', (row) => row.kind !== 'pack' || row.account !== null],
      [isTime, (row) => row.ends_at_ms > row.starts_at_ms],
    ],
    grantOf,
  ),
  substitute: lastGood,
  heldWhenEmptied: false,
}

function grantOf(row: Row): Grant {
  const [grantedTo = { kind: 'account', id: '' }] = grantees(row)
  return {
    id: row.id,
    limitName: row.limit_name,
    grantedTo,
    amount: unitsOf(row.amount),
    ...(row.kind === 'pack' && { spent: unitsOf(row.spent) }),
    startMs: row.starts_at_ms,
    endMs: row.ends_at_ms,
  }
}

/** Thousandths beyond what any limit of credits can have are as good as the most that one can. */
function unitsOf(decimals: string): Grant['amount'] {
  return {
    whole: Math.trunc(Number(decimals)),
    milli: Math.min(exactMax, milliOfCredits(decimals) ?? exactMax),
  }
}

function grantees(row: Row): readonly Grant['grantedTo'][] {
  return (['account', 'project', 'department'] as const).flatMap((kind) => {
    const id = row[kind]
    return id === null ? [] : [{ kind, id }]
  })
}
