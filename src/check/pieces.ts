import type { AccessLogEntry } from '../core/access-log.ts'
import { firstByteOf } from '../core/byte-range.ts'
import { continues, downloadKey } from '../core/download.ts'
import type { PriceParameters } from '../core/price.ts'
import type { Principal } from '../core/principal.ts'
import type { RequestFacts, ResourceRequest } from '../core/request.ts'
import type { Ticket } from '../core/ticket.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Downloads } from './ports.ts'

/** What a request for a file costs at the door: one that goes on with a download pays no second base price. */
export function priceOfPiece<Price extends PriceParameters>(
  price: Price,
  request: {
    readonly principal: Principal
    readonly upstream: Upstream
    readonly resource: ResourceRequest
    readonly facts: RequestFacts
    readonly downloads: Downloads
    readonly nowMs: number
  },
): Price {
  const { principal, upstream, resource, facts, downloads, nowMs } = request
  // Where the base is all there is to pay, no request is had for nothing.
  if (resource.kind !== 'artifact' || price.charged === 'at_the_door') return price
  const { address, headers } = facts
  const key = downloadKey({ token: principal.token?.id ?? '', address, upstream: upstream.id, path: resource.path })
  const piece = { id: '', at: nowMs, firstByte: firstByteOf(headers.get('range')) }
  return continues(downloads.lastOf(key), piece) ? { ...price, baseMilli: 0 } : price
}

/**
 * The same at the end of a request, when the one before it may have been logged in between (a caller asks again faster than Envoy logs); and
 * what there is to remember for the next one.
 */
export function settlePiece(entry: AccessLogEntry, ticket: Ticket, downloads: Downloads): Ticket {
  const { meta, price, path } = ticket
  if (meta.kind !== 'artifact' || price.charged === 'at_the_door' || path === '' || entry.type !== 'end') return ticket
  const key = downloadKey({ ...meta, path })
  const last = downloads.lastOf(key)
  // Logged twice: the second entry says what the first one said.
  const isAgain = last?.id === ticket.id
  const piece = { id: ticket.id, at: ticket.at, firstByte: firstByteOf(entry.range) }
  const isContinued = isAgain ? last.before > 0 : continues(last, piece)
  if (!isAgain) remember(entry, ticket, { downloads, key, before: isContinued ? (last?.before ?? 0) + 1 : 0 })
  return isContinued ? { ...ticket, price: { ...price, baseMilli: 0 } } : ticket
}

function remember(
  entry: AccessLogEntry,
  ticket: Ticket,
  { downloads, key, before }: { readonly downloads: Downloads; readonly key: string; readonly before: number },
): void {
  if ((entry.status !== 200 && entry.status !== 206) || entry.method !== 'GET') return
  const whole = entry.status === 206 ? 'part' : 'whole'
  const end = entry.aborted ? 'broken' : whole
  // Nobody goes on with a download that came whole in one piece: it need not be remembered.
  if (end === 'whole' && before === 0) downloads.forget(key)
  else {
    const nextByte = firstByteOf(entry.range) + entry.bodyBytes
    const { id, at } = ticket
    downloads.remember(key, { id, at, endedAtMs: at + entry.durationMs, end, nextByte, before })
  }
}
