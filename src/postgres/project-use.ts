import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import type { ProjectUseReader, UseSum } from '../usage/report-ports.ts'
import { databaseFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'

const textOf = (name: string): string =>
  readFileSync(new URL(`./queries/usage-of-project-by-${name}.sql`, import.meta.url), 'utf8')
const [timeQuery, accountQuery] = [textOf('time'), textOf('account')]

const nothing: UseSum = { entries: '0', not_yet_final: '0', credits: '0', bytes: '0', gpu_ms: '0' }

/** Absent where there is a total and no row. */
type Row = Readonly<Record<keyof UseSum | 'key', string | null> & Record<`total_${keyof UseSum}`, string>>

/** What projects used, in PostgreSQL; see `ProjectUseReader`. Throws the `Fault`s of `databaseFault`. */
export function createPostgresProjectUse(pool: Pool): ProjectUseReader {
  const ask = async (text: string, parameters: readonly unknown[], rowsMax: number) => {
    try {
      const rows = await inTransaction(pool, 'READ COMMITTED', async (client) => {
        // Done before a compiler would have warmed up.
        await client.query('SET LOCAL jit = off')
        return (await client.query<Row>(text, [...parameters])).rows
      })
      return useOf(rows, rowsMax)
    } catch (cause) {
      throw databaseFault(cause, pool.options)
    }
  }
  return {
    byTime({ project, by, sinceMs, untilMs, beforeMs, rowsMax }) {
      const before = beforeMs === undefined ? undefined : iso(beforeMs)
      return ask(timeQuery, [iso(sinceMs), iso(untilMs), by, rowsMax + 1, project, before], rowsMax)
    },
    byAccount({ project, sinceMs, untilMs, rowsMax }) {
      return ask(accountQuery, [iso(sinceMs), iso(untilMs), rowsMax + 1, project], rowsMax)
    },
  }
}

function useOf(found: readonly Row[], rowsMax: number) {
  const rows = found.flatMap((row) => (row.key === null ? [] : [{ ...sumOf(row, ''), key: row.key }]))
  return {
    rows: rows.slice(0, rowsMax),
    total: found[0] === undefined ? nothing : sumOf(found[0], 'total_'),
    isCut: rows.length > rowsMax,
  }
}

function sumOf(row: Row, prefix: '' | 'total_'): UseSum {
  const names = Object.keys(nothing) as readonly (keyof UseSum)[]
  return Object.fromEntries(names.map((name) => [name, row[`${prefix}${name}`]])) as unknown as UseSum
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
