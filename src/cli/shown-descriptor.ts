import type { LimitRow, StepRow } from '../policy/import-ports.ts'

/** `message_type=marketing, to_number`: a path as people say it. */
export function shownPath(entries: readonly StepRow[]): string {
  return entries.map(shownStep).join(', ')
}

function shownStep({ key, value, regex, cidr, share_threshold: isShared }: StepRow): string {
  const match = value ?? (regex === undefined ? cidr : `/${regex}/`)
  return `${key}${match === undefined ? '' : `=${match}`}${isShared === true ? ' (together)' : ''}`
}

/** `10 per second`, `5 per 2 days`, `unlimited`. */
export function shownAmount({ kind, amount, unit, units, time_zone: zone, burst }: LimitRow): string {
  if (kind === 'unlimited') return 'unlimited'
  if (kind === 'none') return 'no limit'
  if (kind === 'concurrency') return `${amount} at one time`
  const period = (units ?? 1) === 1 ? unit : `${units} ${unit}s`
  const how = kind === 'rate' ? `, refilling, ${burst ?? amount} at once` : zone === null ? '' : `, calendar of ${zone}`
  return `${amount} per ${period}${how}`
}
