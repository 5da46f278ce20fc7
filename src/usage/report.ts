import { compareDecimals, decimalLess, sumOfDecimals } from '../core/decimal.ts'
import { Fault } from '../core/fault.ts'
import { planReport } from './plan-report.ts'
import type { ReportKey, ReportNames, ReportReader, ReportSum, ReportWish } from './report-ports.ts'

/** Changes of price inside one range. */
const priceStartsMax = 200
const currenciesMax = 4
export const reportRowsMax = 10_000

export type ReportRow = ReportSum & { readonly names: ReportNames }

export interface Report {
  readonly wish: ReportWish
  /** In the order of their keys: days and months by time, all else the dearest first, what misses a name last. */
  readonly rows: readonly ReportRow[]
  /** What rows beyond `rowsMax` add up to; absent when there are none. */
  readonly others?: ReportSum & { readonly count: number }
  /** Of everything that was asked for: exactly the rows and the others. */
  readonly total: ReportSum
}

const measures = ['entries', 'not_yet_final', 'credits', 'bytes', 'gpu_ms', 'unpriced'] as const

/**
 * Who used how much and what it costs, from the books at one instant: the range is widened to whole UTC hours. The rows and the others add up
 * to the total exactly, whatever was deleted or renamed since. Throws a `Fault` of code `not_valid` for a wish that asks for too
 * much at once or contradicts itself, and those of the reader.
 */
export async function makeReport(reader: ReportReader, asked: ReportWish): Promise<Report> {
  const wish = wholeHours(asked)
  assertSensible(wish)
  const { startsMs, currencies } = await reader.prices(wish, priceStartsMax + 1)
  if (startsMs.length > priceStartsMax)
    throw new Fault(
      'not_valid',
      `Prices begin at more than ${priceStartsMax} instants in this range: ask for a shorter one`,
    )
  if (currencies.length > currenciesMax)
    throw new Fault(
      'not_valid',
      `A report has at most ${currenciesMax} currencies: ask for one --department or --surface`,
    )
  const { rows, total, count } = await reader.read(wish, planReport(wish, startsMs), currencies)
  const ordered = inOrder(rows, wish.by)
  if (count <= rows.length) return { wish, rows: ordered, total }
  return { wish, rows: ordered, total, others: { ...lessAll(total, rows), count: count - rows.length } }
}

const hourMs = 3_600_000

function wholeHours(wish: ReportWish): ReportWish {
  const sinceMs = Math.floor(wish.sinceMs / hourMs) * hourMs
  return { ...wish, sinceMs, untilMs: Math.ceil(wish.untilMs / hourMs) * hourMs }
}

function assertSensible({ by, rowsMax, sinceMs, untilMs }: ReportWish): void {
  if (!(untilMs > sinceMs)) throw new Fault('not_valid', 'A report ends after it begins')
  if (!(rowsMax >= 1 && rowsMax <= reportRowsMax))
    throw new Fault('not_valid', `A report has from 1 to ${reportRowsMax} rows`)
  if (new Set(by).size < by.length) throw new Fault('not_valid', 'A report is by each key once')
  for (const [one, other] of [
    ['day', 'month'],
    ['package', 'model'],
  ] as const)
    if (by.includes(one) && by.includes(other))
      throw new Fault('not_valid', `A report is by ${one} or by ${other}, not by both`)
}

/** What is left of the total without the rows. */
function lessAll(total: ReportSum, rows: readonly ReportSum[]): ReportSum {
  const left = measures.map((name) => [name, decimalLess(total[name], sumOfDecimals(rows.map((row) => row[name])))])
  const money = Object.entries(total.money)
    .map(([currency, amount]) => [currency, decimalLess(amount, sumOfDecimals(moneyOf(rows, currency)))] as const)
    .filter(([, amount]) => amount !== '0')
  return { ...(Object.fromEntries(left) as Omit<ReportSum, 'money'>), money: Object.fromEntries(money) }
}

function moneyOf(rows: readonly ReportSum[], currency: string): readonly string[] {
  return rows.map(({ money }) => money[currency] ?? '0')
}

/** Rows that share their first key stay together, and so on inside. */
function inOrder(rows: readonly ReportRow[], [key, ...finer]: readonly ReportKey[]): readonly ReportRow[] {
  if (key === undefined) return rows
  const parts = [...Map.groupBy(rows, (row) => row.names[key] ?? null)].map(([name, members]) => ({
    name,
    members,
    credits: sumOfDecimals(members.map(({ credits }) => credits)),
  }))
  const isTime = key === 'day' || key === 'month'
  parts.sort((a, b) => {
    if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null)
    return (isTime ? 0 : compareDecimals(b.credits, a.credits)) || (a.name < b.name ? -1 : 1)
  })
  return parts.flatMap(({ members }) => inOrder(members, finer))
}
