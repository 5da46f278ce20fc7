import { thousandthsOf } from '../core/decimal.ts'
import type { Report, ReportRow } from '../usage/report.ts'
import type { ReportSum } from '../usage/report-ports.ts'
import { type CsvCell, csv } from './csv.ts'
import { isoTime, shownTime } from './output.ts'
import { textTable } from './table.ts'

declare global {
  interface JSON {
    /** ECMAScript's: a number in exactly these digits. */
    rawJSON(text: string): unknown
  }
}

/** No id looks like these, so that nobody is taken for one. */
const [unattributed, othersWord, totalWord] = ['(unattributed)', '(others)', '(total)']

/** For people. */
export function reportText(report: Report): string {
  const { rows, others, total, wish } = report
  const [first = 'total', ...finer] = wish.by
  const named = (name: string) => ({ [first]: name, ...Object.fromEntries(finer.map((key) => [key, ''])) })
  const lines = [
    ...rows.map((row) => ({ ...(wish.by.length === 0 ? {} : namesOf(report, row)), ...cells(report, row) })),
    ...(others === undefined ? [] : [{ ...named(`(${others.count} others)`), ...cells(report, others) }]),
    ...(wish.by.length === 0 ? [] : [{ ...named(totalWord), ...cells(report, total) }]),
  ]
  if (rows.length === 0) return `nothing was booked ${rangeText(report)}\n`
  const open = total.not_yet_final === '0' ? '' : `${total.not_yet_final} of the requests are not final yet\n`
  return `${textTable(lines, '')}${rangeText(report)}, whole UTC hours${zoneText(report)}\n${open}`
}

/** For programs; numbers are exact, whatever their size. */
export function reportJson({ wish, rows, others, total }: Report) {
  const { by, sinceMs, untilMs, timeZone } = wish
  return {
    since: isoTime(sinceMs),
    until: isoTime(untilMs),
    time_zone: timeZone,
    by,
    rows: rows.map(({ names, ...sum }) => ({ ...names, ...sumJson(sum) })),
    others: others === undefined ? null : { rows: others.count, ...sumJson(others) },
    total: sumJson(total),
  }
}

/** For spreadsheets: every row, with `(others)` as the last one where rows were cut off; no total, so that nothing is summed twice. */
export function reportCsv(report: Report): string {
  const { rows, others, wish } = report
  const money = currenciesOf(report)
  const figures = [
    'requests',
    'not_yet_final',
    'credits',
    'bytes',
    'gpu_seconds',
    ...money.map((one) => `money_${one}`),
  ]
  const numbers = (sum: ReportSum): readonly CsvCell[] =>
    [
      ...[sum.entries, sum.not_yet_final, sum.credits, sum.bytes, thousandthsOf(sum.gpu_ms)],
      ...money.map((one) => sum.money[one] ?? '0'),
      sum.unpriced,
    ].map((number) => ({ number }))
  return csv([
    [...wish.by, ...figures, 'unpriced_credits'],
    ...rows.map((row) => [...Object.values(namesOf(report, row)), ...numbers(row)]),
    ...(others === undefined ? [] : [[...wish.by.map(() => othersWord), ...numbers(others)]]),
  ])
}

function namesOf({ wish }: Report, { names }: ReportRow): Readonly<Record<string, string>> {
  return Object.fromEntries(wish.by.map((key) => [key, names[key] ?? unattributed]))
}

function cells(report: Report, sum: ReportSum): Readonly<Record<string, string>> {
  const money = currenciesOf(report)
  return {
    requests: sum.entries,
    credits: sum.credits,
    bytes: sum.bytes,
    'gpu s': thousandthsOf(sum.gpu_ms),
    ...Object.fromEntries(money.map((one) => [one, sum.money[one] ?? '0'])),
    ...(money.length > 0 && report.total.unpriced !== '0' && { 'unpriced credits': sum.unpriced }),
  }
}

function currenciesOf({ rows, total }: Report): readonly string[] {
  return [...new Set([total, ...rows].flatMap(({ money }) => Object.keys(money)))].sort()
}

function sumJson({ entries, not_yet_final: open, credits, bytes, gpu_ms: gpuMs, money, unpriced }: ReportSum) {
  const exact = JSON.rawJSON
  return {
    requests: exact(entries),
    not_yet_final: exact(open),
    credits: exact(credits),
    bytes: exact(bytes),
    gpu_seconds: exact(thousandthsOf(gpuMs)),
    money: Object.fromEntries(Object.entries(money).map(([currency, amount]) => [currency, exact(amount)])),
    unpriced_credits: exact(unpriced),
  }
}

function rangeText({ wish: { sinceMs, untilMs } }: Report): string {
  return `from ${shownTime(sinceMs)} to ${shownTime(untilMs)}`
}

function zoneText({ wish: { by, timeZone } }: Report): string {
  const isByTime = by.includes('day') || by.includes('month')
  return isByTime && timeZone !== 'UTC' ? `; days and months of ${timeZone}` : ''
}
