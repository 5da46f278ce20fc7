import type { Report } from './charge.ts'
import { noAmounts } from './quantity.ts'
import type { Ticket } from './ticket.ts'

/** What a refund is about: a ticket, or a spend whose answer never came. */
export type Refunded = Pick<Ticket, 'id' | 'at' | 'subjects' | 'surface' | 'home' | 'meta'>

/** The report of a Check whose OK never reached Envoy: everything is given back, unless it overtakes its own spend. */
export function refundOf({ id, at, subjects, surface, home, meta }: Refunded, notAfterMs: number): Report {
  // A record is found by its id alone, so which epoch took it need not be known.
  const numbers = new Set([home, ...subjects.map(({ partition }) => partition)])
  const partitions = [...numbers].map((partition) => ({ partition, epoch: '' }))
  return {
    ...{ id, at, partitions, subjects, surface, home, meta, notAfterMs },
    state: 'final',
    amounts: noAmounts,
    outcome: 'undelivered',
    expiresInMs: 0,
  }
}
