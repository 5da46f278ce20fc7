import type { ChargeMeta } from './charge.ts'
import type { PriceParameters } from './price.ts'
import type { Amounts } from './quantity.ts'
import type { PartitionEpoch, Subject, Surface } from './subject.ts'

/** What is known about a reservation when its report comes, signed into Envoy's dynamic metadata; no old policy is needed. */
export interface Ticket {
  readonly id: string
  /** The store's time of the spend. */
  readonly at: number
  readonly partitions: readonly PartitionEpoch[]
  readonly subjects: readonly Subject[]
  readonly surface: Surface
  readonly home: number
  readonly estimate: Amounts
  readonly price: PriceParameters
  readonly meta: ChargeMeta
  /** Key of the size catalogue, with `meta.upstream`; empty when there is no size to learn. */
  readonly path: string
}
