import { InvalidArgumentError } from 'commander'
import { Fault } from '../core/fault.ts'
import type { Beneficiary } from '../manage/request-ports.ts'
import { parseDuration } from './duration.ts'

export interface BeneficiaryOptions {
  readonly account?: string
  readonly project?: string
  readonly department?: string
}

/** Whom the options name; undefined: nobody. */
export function beneficiaryOf(options: BeneficiaryOptions): Beneficiary | undefined {
  for (const kind of ['account', 'project', 'department'] as const) {
    const id = options[kind]
    if (id !== undefined) return { kind, id }
  }
  return undefined
}

/** Throws a `Fault` of code `not_valid` when nobody is named. */
export function namedBeneficiary(options: BeneficiaryOptions): Beneficiary {
  const found = beneficiaryOf(options)
  if (found === undefined) throw new Fault('not_valid', 'Name whom it is for by --account, --project or --department')
  return found
}

/** `3d`, or an instant as `2026-12-01T00:00:00Z`, in epoch milliseconds. Throws commander's `InvalidArgumentError`. */
export function parseUntil(text: string): number {
  if (/^\d{1,6}[smhd]$/.test(text)) return Date.now() + parseDuration(text)
  const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('Write a time such as 12h or 3d, or an instant as 2026-12-01T00:00:00Z.')
  return atMs
}
