import type { Pool } from 'pg'
import { normalisePackageName } from '../core/package-name.ts'
import type { BookedRequest, UsageReader, UsageSum, UsageWish } from '../usage/ports.ts'
import { databaseFault } from './database-fault.ts'
import { usageQueries } from './ledger-queries.ts'

/** Without a key: only a total. */
type SumRow = Readonly<Record<`${'' | 'total_'}${keyof UsageSum}` | 'surface', string>> & {
  readonly key: string | null
}

const nothing: UsageSum = {
  entries: '0',
  charged: '0',
  unsettled: '0',
  not_yet_final: '0',
  credits: '0',
  bytes: '0',
  gpu_ms: '0',
}

/** The books as people ask for them; see `UsageReader`. Throws the `Fault`s of `databaseFault`. */
export function createPostgresUsageReader(pool: Pool): UsageReader {
  const ask = async <T extends object>(text: string, parameters: readonly unknown[]): Promise<readonly T[]> => {
    try {
      return (await pool.query<T>(text, [...parameters])).rows
    } catch (cause) {
      throw databaseFault(cause, pool.options)
    }
  }
  return {
    async sums(wish, by) {
      const { account, project, department, resource, token } = wish
      const who = [account, project, department, resource, token, packageOf(wish)]
      const before = wish.beforeMs === undefined ? undefined : new Date(wish.beforeMs).toISOString()
      const found = await ask<SumRow>(usageQueries.usage, [...rangeOf(wish), by, wish.rowsMax + 1, ...who, before])
      const rows = found.flatMap((row) =>
        row.key === null ? [] : [{ ...sumOf(row, ''), key: row.key, surface: row.surface }],
      )
      return {
        isCut: rows.length > wish.rowsMax,
        rows: rows.slice(0, wish.rowsMax),
        total: found[0] === undefined ? nothing : sumOf(found[0], 'total_'),
      }
    },
    async entries(wish) {
      const { account, project, department, resource, token } = wish
      const who = [account, project, department, resource, token, packageOf(wish)]
      const parameters = [...rangeOf(wish), wish.rowsMax + 1, ...who]
      const rows = await ask<BookedRequest>(usageQueries.entries, parameters)
      return { isCut: rows.length > wish.rowsMax, rows: rows.slice(0, wish.rowsMax) }
    },
  }
}

/** Packages are booked under their normalised name, models as they are written. */
function packageOf({ resource }: UsageWish): string | undefined {
  return resource === undefined ? undefined : normalisePackageName(resource)
}

function rangeOf({ sinceMs, untilMs }: UsageWish): readonly string[] {
  return [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()]
}

function sumOf(row: SumRow, prefix: '' | 'total_'): UsageSum {
  const names = Object.keys(nothing) as readonly (keyof UsageSum)[]
  return Object.fromEntries(names.map((name) => [name, row[`${prefix}${name}`]])) as unknown as UsageSum
}
