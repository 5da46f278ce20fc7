import type { DomainRule } from '../../../core/descriptor-rule.ts'
import type { Digest } from '../../../core/hit-counter.ts'
import type { Ticket } from '../../../core/ticket.ts'
import type { TicketSigner } from '../../ticket.ts'
import type { DescriptorEntry, RateLimitDescriptor } from '../rate-limit-words.ts'

/** What a descriptor says of who is calling, and what it came to. */
export type Claim =
  | { readonly kind: 'none' }
  /** Its `rid` is no valid ticket: it names nobody, its entries match nothing, and it is refused unless it tells the end of a stream. */
  | { readonly kind: 'invalid' }
  /** A reservation that Check made: its ticket was signed by us. */
  | { readonly kind: 'reservation'; readonly ticket: Ticket }
  /** On the word of the caller, in a domain that trusts it. */
  | { readonly kind: 'account'; readonly account: string }

/** One descriptor, read. */
export interface DescriptorRead {
  /**
   * What rules are matched against. The value of a valid `rid` is the id of the account that it names; what tells of a request and not of
   * what is limited is left out. The descriptor's own array where nothing is special.
   */
  readonly entries: readonly DescriptorEntry[]
  readonly claim: Claim
  /** Who holds the slots that the call takes: plain text of at most 100 characters. Absent: slots are looked at only. */
  readonly slotId?: string
  /** A stream has ended: the slots of the request that `slotId` names are free, and nothing is charged. */
  readonly isStreamDone: boolean
}

export type ReadDescriptor = (
  descriptor: Pick<RateLimitDescriptor, 'entries'>,
  rule: DomainRule | undefined,
) => DescriptorRead

/** Entries that name something to us, and nothing to limit. */
const special = { ticket: 'rid', end: 'stream_done', account: 'account', request: 'request_id' } as const

const none: Claim = { kind: 'none' }
const invalid: Claim = { kind: 'invalid' }

/**
 * Reads whom a descriptor names. Only a ticket that Check signed names a principal, whatever text a client put into a header; a domain
 * whose row says `trusts_descriptors` takes the caller's word for `account` and `request_id` as well.
 */
export function createReadDescriptor(deps: {
  readonly signer: TicketSigner
  /** The store's clock. */
  readonly nowMs: () => number
  readonly digest: Digest
}): ReadDescriptor {
  const { signer, nowMs, digest } = deps
  const readReservation = (entries: readonly DescriptorEntry[], text: string): DescriptorRead => {
    const ticket = signer.open(text, nowMs())
    const isStreamDone = valueUnder(entries, special.end) !== undefined
    if (typeof ticket === 'string') return { entries, claim: invalid, isStreamDone }
    return {
      entries: withAccount(entries, ticket.meta.account),
      claim: { kind: 'reservation', ticket },
      slotId: ticket.id,
      isStreamDone,
    }
  }
  const readTrusted = (entries: readonly DescriptorEntry[], rule: DomainRule): DescriptorRead => {
    const account = valueUnder(entries, special.account)
    const request = valueUnder(entries, special.request)
    const claim: Claim = account === undefined ? none : { kind: 'account', account }
    if (request === undefined) return { entries, claim, isStreamDone: false }
    const isStreamDone = valueUnder(entries, special.end) !== undefined
    const left = without(entries, isStreamDone ? [special.request, special.end] : [special.request])
    return { entries: left, claim, slotId: `q${digest(`${rule.id} ${request}`)}`, isStreamDone }
  }
  return ({ entries }, rule) => {
    const text = valueUnder(entries, special.ticket)
    if (text !== undefined) return readReservation(entries, text)
    return rule?.trustsDescriptors === true ? readTrusted(entries, rule) : { entries, claim: none, isStreamDone: false }
  }
}

function valueUnder(entries: readonly DescriptorEntry[], wanted: string): string | undefined {
  for (const { key, value } of entries) if (key === wanted) return value
  return undefined
}

/** A second `rid` is not looked at, so it stays nobody's. */
function withAccount(entries: readonly DescriptorEntry[], account: string): readonly DescriptorEntry[] {
  const left = without(entries, [special.end])
  const place = left.findIndex(({ key }) => key === special.ticket)
  return left
    .with(place, { key: special.ticket, value: account })
    .filter(({ key }, index) => key !== special.ticket || index === place)
}

/** What a descriptor says beside whom it names. */
export function withoutTicket(entries: readonly DescriptorEntry[]): readonly DescriptorEntry[] {
  return without(entries, [special.ticket])
}

function without(entries: readonly DescriptorEntry[], keys: readonly string[]): readonly DescriptorEntry[] {
  return entries.filter(({ key }) => !keys.includes(key))
}
