import type { AccessLogEntry } from '../core/access-log.ts'
import { sizeInContentRange } from '../core/byte-range.ts'
import type { Outcome, Report, ReportAnswer } from '../core/charge.ts'
import { actualOf } from '../core/cost.ts'
import { largerOf } from '../core/quantity.ts'
import type { Ticket } from '../core/ticket.ts'
import type { Observer } from '../telemetry/observer.ts'
import { settlePiece } from './pieces.ts'
import type { Downloads, SizeCatalogue, SpendStore } from './ports.ts'
import type { TicketSigner } from './ticket.ts'

export interface ReportDeps {
  readonly store: SpendStore
  /** Takes a report over that the store did not take. */
  readonly keep: (report: Report) => void
  readonly signer: TicketSigner
  readonly sizes: SizeCatalogue
  readonly downloads: Downloads
  readonly observer: Observer
  readonly reservationMs: number
}

/** 1 PiB, a day at 100 Gbit/s: no request carries more, and a figure above it (a negative one reads as 2^53 − 1) is a fault of who wrote it. */
const believableBytesMax = 2 ** 50

/**
 * Turns Envoy's access log into reports: what really happened to a reservation, by the id in its signed ticket. Entries without a ticket
 * of ours, forged or too old ones are counted and charge nobody. Resolves when the store has them or the spool was asked to keep them.
 */
export function createReport(deps: ReportDeps): (entries: readonly AccessLogEntry[]) => Promise<void> {
  return async (entries) => {
    await Promise.all(entries.map((entry) => settle(entry, deps)))
  }
}

async function settle(entry: AccessLogEntry, deps: ReportDeps): Promise<void> {
  const ticket = entry.ticket === undefined ? 'absent' : deps.signer.open(entry.ticket, deps.store.nowMs())
  if (typeof ticket === 'string') return deps.observer.count('access_log_entries_total', { entry: ticket })
  deps.observer.count('access_log_entries_total', { entry: entry.type })
  if (entry.type === 'start') return
  // Its reservation is not left open, but nothing else is learnt from such an entry.
  if (isAbsurd(entry)) {
    deps.observer.count('access_log_entries_total', { entry: 'absurd' })
    return deliver(reportOf(entry, { ticket, reservationMs: deps.reservationMs }), deps)
  }
  learnSize(entry, ticket, deps.sizes)
  const settled = settlePiece(entry, ticket, deps.downloads)
  await deliver(reportOf(entry, { ticket: settled, reservationMs: deps.reservationMs }), deps)
}

async function deliver(report: Report, deps: ReportDeps): Promise<void> {
  const answer = await deps.store.report(report).catch((): ReportAnswer | undefined => undefined)
  if (answer === undefined) return deps.keep(report)
  deps.observer.count('reports_total', { state: report.state, answer })
}

/**
 * What an access-log entry says about its reservation. Periodic entries stay `open`: they only ever raise what is booked. Where its figures are
 * absurd, what was estimated stands for them.
 */
export function reportOf(
  entry: AccessLogEntry,
  { ticket, reservationMs }: { readonly ticket: Ticket; readonly reservationMs: number },
): Report {
  const { id, at, partitions, subjects, surface, home, meta, estimate } = ticket
  const base = { id, at, partitions, subjects, surface, home, meta, expiresInMs: reservationMs }
  const outcome = outcomeOf(entry)
  const actual = actualOf(ticket.price, { outcome, bytes: chargedBytes(entry, meta.kind) })
  const amounts = isAbsurd(entry) && actual.requests > 0 ? estimate : actual
  if (entry.type === 'periodic') return { ...base, state: 'open', amounts: largerOf(estimate, amounts), outcome }
  return { ...base, state: 'final', amounts, outcome }
}

/**
 * An upload is charged by what the client sent. All else by what it got: Envoy hands bytes to kernel and stream buffers before the client has
 * them, and the smaller of its two figures is right for HTTP/1 and HTTP/2.
 */
function chargedBytes({ bodyBytes, wireBytes, requestBodyBytes }: AccessLogEntry, kind: string): number {
  return kind === 'upload' ? requestBodyBytes : Math.min(bodyBytes, wireBytes)
}

function isAbsurd({ bodyBytes, wireBytes, requestBodyBytes }: AccessLogEntry): boolean {
  return Math.max(bodyBytes, wireBytes, requestBodyBytes) > believableBytesMax
}

function outcomeOf({ status, method, aborted }: AccessLogEntry): Outcome {
  if (status === 0) return 'undelivered'
  if (status === 304) return 'not_modified'
  if (status >= 500) return 'server_error'
  if (status >= 400) return 'client_error'
  if (status >= 300) return 'redirect'
  if (method === 'HEAD') return 'head'
  return aborted ? 'aborted' : 'delivered'
}

/** A complete 200 of a whole file tells its size, and so does a part that says of how much it is one. */
function learnSize(entry: AccessLogEntry, ticket: Ticket, sizes: SizeCatalogue): void {
  if (ticket.path === '' || entry.type !== 'end' || entry.method !== 'GET') return
  const isWhole = entry.status === 200 && !entry.aborted && entry.contentLengthBytes === entry.bodyBytes
  const sizeBytes = isWhole
    ? entry.bodyBytes
    : entry.status === 206
      ? sizeInContentRange(entry.contentRange)
      : undefined
  if (sizeBytes !== undefined) sizes.learn(ticket.meta.upstream, ticket.path, sizeBytes)
}
