import type { AlertEvent, AlertedLimit, AlertLevel, AlertType } from '../core/alert-event.ts'
import { milliOfCredits } from '../core/credits.ts'
import type { WindowKind } from '../core/limit.ts'
import type { Quantity } from '../core/quantity.ts'
import type { SubjectKind } from '../core/subject.ts'

/** A row of `alert_event` as the driver reads it. */
export interface AlertEventRow {
  readonly id: string
  readonly key: string
  readonly type: AlertType
  readonly at: Date
  readonly account: string | null
  readonly project: string | null
  readonly department: string | null
  readonly limit_name: string | null
  readonly subject_kind: SubjectKind | null
  readonly subject_id: string | null
  readonly surface: AlertedLimit['surface'] | null
  readonly counts: Quantity | null
  readonly window_kind: WindowKind | null
  readonly time_zone: string | null
  readonly window_start: Date | null
  readonly reset_at: Date | null
  readonly used: string | null
  readonly amount: string | null
  readonly percent: number | null
  readonly level: AlertLevel | null
  readonly data: Readonly<Record<string, string | number | boolean | null>>
  readonly only_channel: string | null
  readonly skipped: boolean
}

/** The event of a row; a row that somebody wrote by hand with half of a limit has none. */
export function alertEventOf(row: AlertEventRow): AlertEvent {
  const limit = limitOf(row)
  return {
    id: row.id,
    key: row.key,
    type: row.type,
    atMs: row.at.getTime(),
    level: row.level ?? 'info',
    ...(row.account !== null && { account: row.account }),
    ...(row.project !== null && { project: row.project }),
    ...(row.department !== null && { department: row.department }),
    ...(limit && { limit }),
    ...(row.percent !== null && { percent: row.percent }),
    ...(limit === undefined && row.reset_at !== null && { aboutMs: row.reset_at.getTime() }),
    data: row.data,
    ...(row.skipped && { skipped: true }),
    ...(row.only_channel !== null && { onlyChannel: row.only_channel }),
  }
}

function limitOf(row: AlertEventRow): AlertedLimit | undefined {
  const { limit_name: name, subject_kind: kind, subject_id: id, surface, counts, window_kind: window } = row
  const { window_start: start, reset_at: end, time_zone: timeZone, used, amount } = row
  if (name === null || kind === null || id === null || surface === null || counts === null || window === null) return
  if (start === null || end === null || timeZone === null || used === null || amount === null) return
  const inCode = (text: string): number =>
    counts === 'credits' ? (milliOfCredits(text) ?? 0) : Math.round(Number(text))
  return {
    ...{ name, subject: { kind, id }, surface, counts, window, timeZone },
    ...{ startMs: start.getTime(), endMs: end.getTime(), used: inCode(used), amount: inCode(amount) },
  }
}
