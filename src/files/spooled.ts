import type { Report } from '../core/charge.ts'

/** One record of a spool. */
export interface Spooled {
  readonly report: Report
  /** When it was added, this machine's clock: it is given up 48 hours later. */
  readonly sinceMs: number
  /** Not to be replayed before, store's clock. */
  readonly notBeforeMs?: number
}

/** Names the form of a record. */
const format = 1

export function encodeSpooled(spooled: Spooled): Buffer {
  return Buffer.from(JSON.stringify({ v: format, ...spooled }), 'utf8')
}

/** Throws when the bytes are not of this format. */
export function decodeSpooled(bytes: Buffer): Spooled {
  const found = JSON.parse(bytes.toString('utf8')) as Partial<Spooled & { readonly v: number }> | null
  // The first records had none.
  const { v = format, report, sinceMs, notBeforeMs } = found ?? {}
  if (v !== format) throw new RangeError(`A record of the spool must have format ${format}, has ${v}`)
  if (report === undefined || !isReport(report) || typeof sinceMs !== 'number')
    throw new RangeError('A record of the spool must hold a report and the time it was added')
  return { report, sinceMs, ...(notBeforeMs !== undefined && { notBeforeMs }) }
}

function isReport(report: Partial<Report>): boolean {
  const { id, at, partitions, subjects, amounts } = report
  const isWhole = typeof id === 'string' && typeof at === 'number' && typeof amounts?.requests === 'number'
  return isWhole && Array.isArray(partitions) && Array.isArray(subjects)
}
