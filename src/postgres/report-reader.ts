import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { normalisePackageName } from '../core/package-name.ts'
import type {
  ReportKey,
  ReportLevel,
  ReportNames,
  ReportPlan,
  ReportReader,
  ReportSum,
  ReportWish,
} from '../usage/report-ports.ts'
import { databaseFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'

const textOf = (name: string): string => readFileSync(new URL(`./queries/report-${name}.sql`, import.meta.url), 'utf8')
const [pieces, rows, prices] = ['pieces', 'rows', 'prices'].map(textOf) as [string, string, string]
const levels: readonly ReportLevel[] = ['team', 'payer', 'resource', 'hour']
const queries = Object.fromEntries(
  levels.map((level) => [level, `${pieces}, ${textOf(`use-${level}`)}${rows}`]),
) as Readonly<Record<ReportLevel, string>>

/** Sums of a year are hashed in memory, and done before a compiler would have warmed up. */
const means = `SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off`

type Row = Omit<ReportSum, 'money'> &
  Readonly<Record<Exclude<ReportKey, 'day' | 'month'>, string | null>> & {
    readonly count: number | null
    readonly label: number | null
    readonly money: readonly (string | null)[]
  }

/** Books, people and prices for reports; see `ReportReader`. Throws the `Fault`s of `databaseFault`. */
export function createPostgresReportReader(pool: Pool): ReportReader {
  const ask = async <T extends object>(text: string, parameters: readonly unknown[]): Promise<readonly T[]> => {
    try {
      return await inTransaction(pool, 'READ COMMITTED', async (client) => {
        await client.query(means)
        return (await client.query<T>(text, [...parameters])).rows
      })
    } catch (cause) {
      throw databaseFault(cause, pool.options)
    }
  }
  return {
    async prices({ sinceMs, untilMs, department, surface }, countMax) {
      const parameters = [iso(sinceMs), iso(untilMs), department, surface, countMax]
      const [found] = await ask<{ starts: readonly Date[]; currencies: readonly string[] }>(prices, parameters)
      return { startsMs: (found?.starts ?? []).map((at) => at.getTime()), currencies: found?.currencies ?? [] }
    },
    async read(wish, plan, currencies) {
      const [total, ...found] = await ask<Row>(queries[plan.level], [...parametersOf(wish, plan), currencies])
      if (total === undefined) throw new Error('A report without a total')
      return {
        rows: found.map((row) => ({ ...sumOf(row, currencies), names: namesOf(row, wish, plan) })),
        total: sumOf(total, currencies),
        count: total.count ?? 0,
      }
    },
  }
}

function parametersOf(wish: ReportWish, { pieces: parts, pricedAtMs }: ReportPlan): readonly unknown[] {
  const { by, rowsMax, department, project, account, surface, resource } = wish
  return [
    parts.map(({ label }) => label),
    parts.map(({ price }) => price),
    parts.map(({ source }) => source),
    parts.map(({ sinceMs }) => iso(sinceMs)),
    parts.map(({ untilMs }) => iso(untilMs)),
    parts.map(({ sign }) => sign),
    pricedAtMs.map(iso),
    by,
    rowsMax,
    ...[department, project, account, surface, resource],
    // Packages are booked under their normalised name, models as they are written.
    resource === undefined ? undefined : normalisePackageName(resource),
  ]
}

function namesOf(row: Row, { by }: ReportWish, { labels }: ReportPlan): ReportNames {
  return Object.fromEntries(
    by.map((key) => [key, key === 'day' || key === 'month' ? (labels[row.label ?? -1] ?? null) : row[key]]),
  )
}

function sumOf({ money, ...row }: Row, currencies: readonly string[]): ReportSum {
  const { entries, not_yet_final: open, credits, bytes, gpu_ms: gpuMs, unpriced } = row
  const known = currencies.flatMap((currency, place) => {
    const amount = money[place] ?? undefined
    return amount === undefined ? [] : [[currency, amount] as const]
  })
  return { entries, not_yet_final: open, credits, bytes, gpu_ms: gpuMs, unpriced, money: Object.fromEntries(known) }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
