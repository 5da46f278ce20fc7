import type { LimitRow, StepRow } from '../import-ports.ts'
import { ticketKey } from './reserved-key.ts'

const requestsMax = 4_294_967_295

/** Each that says why envoyproxy/ratelimit cannot have a row; undefined: nothing of that kind is in the way. */
const reasons: readonly ((row: LimitRow) => string | undefined)[] = [
  ({ kind }) => (kind === 'rate' ? 'it refills' : undefined),
  ({ kind }) => (kind === 'concurrency' ? 'it is about what is under way at one time' : undefined),
  ({ time_zone: zone }) => (zone === null ? undefined : 'its windows are of the calendar'),
  ({ units }) => ((units ?? 1) === 1 ? undefined : 'its period is several units long'),
  ({ amount }) => ((amount ?? 0) > requestsMax ? `its amount is above ${requestsMax}` : undefined),
  ({ kind, replaces }) => (kind === 'none' && replaces.length > 0 ? 'it replaces limits without being one' : undefined),
  ({ entries }) => firstOf(entries.map(stepReason)),
]

/** Why envoyproxy/ratelimit cannot have this row, or undefined. */
export function unsupportedReason(row: LimitRow): string | undefined {
  return firstOf(reasons.map((reason) => reason(row)))
}

function stepReason({ key, value, regex, cidr }: StepRow): string | undefined {
  if (key === ticketKey) return 'its path has a rid, the value of which nobody knows beforehand'
  if (regex !== undefined) return 'its path has a regex'
  if (cidr !== undefined) return 'its path has a network'
  if (value === '') return 'its path has an empty value'
  if (value !== undefined && /\*./s.test(value)) return 'its path has a * that is not at the end of the value'
  if (value === undefined && key.endsWith('*')) return 'its path has a key with * at the end'
  return undefined
}

function firstOf(found: readonly (string | undefined)[]): string | undefined {
  return found.find((one) => one !== undefined)
}
