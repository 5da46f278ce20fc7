import { Fault } from '../core/fault.ts'
import { coverRange } from './cover-range.ts'
import type { ReportLevel, ReportPiece, ReportPlan, ReportWish } from './report-ports.ts'

const hourMs = 3_600_000
/** Days or months in one report. */
const labelsMax = 1_000
/** Hours that may be read one by one where nothing narrows them down: each level has as many rows in one hour as it has names. */
const looseHoursMax: Readonly<Record<ReportLevel, number>> = { team: 3_600, payer: 160, resource: 160, hour: 72 }
/** The same for one project: what its accounts used is found by an index. */
const projectHoursMax = 5_000
/** Days by account or resource, where nothing narrows them down. */
const looseDaysMax = 21

/** A day or a month of a zone, cut to the range. */
interface Span {
  readonly label: string
  readonly sinceMs: number
  readonly untilMs: number
}

/**
 * What is to be read for a report: the range cut at days or months of its zone and where prices begin, each part as few signed sums.
 * Throws a `Fault` of code `not_valid` for what would read too much at once.
 */
export function planReport(wish: ReportWish, priceStartsMs: readonly number[]): ReportPlan {
  const level = levelOf(wish)
  const spans = spansOf(wish)
  assertBounded(wish, spans.length)
  const pricedAtMs = [wish.sinceMs, ...priceStartsMs.filter((ms) => ms > wish.sinceMs && ms < wish.untilMs)]
  const pieces = spans.flatMap((span, label) =>
    pricedAtMs.flatMap((startMs, price) => {
      const sinceMs = Math.max(span.sinceMs, startMs)
      const untilMs = Math.min(span.untilMs, pricedAtMs[price + 1] ?? wish.untilMs)
      return sinceMs < untilMs ? piecesOf({ level, sinceMs, untilMs, label, price }) : []
    }),
  )
  if (!isNarrow(wish)) assertFewHours(pieces, looseHoursMax[level])
  else if (level === 'hour' && wish.account === undefined) assertFewHours(pieces, projectHoursMax)
  return { level, labels: spans.map(({ label }) => label), pricedAtMs, pieces }
}

function levelOf({ by, account, project, resource }: ReportWish): ReportLevel {
  const isByAccount = account !== undefined || by.includes('account')
  const isByProject = project !== undefined || by.includes('project')
  const isByResource = resource !== undefined || by.includes('package') || by.includes('model')
  if (isByResource) return isByAccount || isByProject ? 'hour' : 'resource'
  return isByAccount ? 'payer' : 'team'
}

/** Then few rows are read, by an index. */
function isNarrow({ account, project }: ReportWish): boolean {
  return account !== undefined || project !== undefined
}

type Place = Pick<ReportPiece, 'sinceMs' | 'untilMs' | 'label' | 'price'> & { readonly level: ReportLevel }

function piecesOf({ level, sinceMs, untilMs, label, price }: Place): readonly ReportPiece[] {
  if (level === 'hour') return [{ source: 'hour', sinceMs, untilMs, sign: 1, label, price }]
  return coverRange({ sinceMs, untilMs }).map((part) => ({ ...part, label, price }))
}

function assertBounded(wish: ReportWish, labels: number): void {
  if (labels > labelsMax)
    throw new Fault('not_valid', `A report has at most ${labelsMax} days or months: ask for a shorter range`)
  if (wish.by.includes('day') && levelOf(wish) !== 'team' && !isNarrow(wish) && labels > looseDaysMax)
    throw new Fault(
      'not_valid',
      `Days by account, package or model are told for at most ${looseDaysMax} days at once: ask for a shorter range, or name --account or --project`,
    )
}

function assertFewHours(pieces: readonly ReportPiece[], hoursMax: number): void {
  const hours = pieces
    .filter(({ source }) => source === 'hour')
    .reduce((sum, { sinceMs, untilMs }) => sum + (untilMs - sinceMs) / hourMs, 0)
  if (hours > hoursMax)
    throw new Fault(
      'not_valid',
      `This report would have to read ${hours} single hours, at most ${hoursMax} may be: name --account or --project, or ask for a shorter range or for days and months of UTC`,
    )
}

function spansOf({ by, sinceMs, untilMs, timeZone }: ReportWish): readonly Span[] {
  if (by.includes('day')) return calendarSpans({ sinceMs, untilMs, timeZone, unit: 'day' })
  if (by.includes('month')) return calendarSpans({ sinceMs, untilMs, timeZone, unit: 'month' })
  return [{ label: '', sinceMs, untilMs }]
}

interface Calendar {
  readonly sinceMs: number
  readonly untilMs: number
  readonly timeZone: string
  readonly unit: 'day' | 'month'
}

/** Where a zone's day begins inside a UTC hour, that whole hour belongs to the day in which it begins: the books know no part of an hour. */
function calendarSpans({ sinceMs, untilMs, timeZone, unit }: Calendar): readonly Span[] {
  const spans: Span[] = []
  let date = Temporal.Instant.fromEpochMilliseconds(sinceMs).toZonedDateTimeISO(timeZone).toPlainDate()
  if (unit === 'month') date = date.with({ day: 1 })
  for (let startMs = sinceMs; startMs < untilMs && spans.length <= labelsMax; ) {
    const next = date.add(unit === 'day' ? { days: 1 } : { months: 1 })
    const nextMs = Math.ceil(next.toZonedDateTime(timeZone).epochMilliseconds / hourMs) * hourMs
    const endMs = Math.min(untilMs, nextMs)
    const label = unit === 'day' ? date.toString() : date.toPlainYearMonth().toString()
    if (endMs > startMs) spans.push({ label, sinceMs: startMs, untilMs: endMs })
    startMs = Math.max(startMs, endMs)
    date = next
  }
  return spans
}
