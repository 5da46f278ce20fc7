import type { ListedGrant, NewGrant, RequestTools } from './request-ports.ts'

/** One row of `pack`: what can be given to an account. */
export interface ListedPack {
  readonly id: string
  readonly limitName: string
  /** Decimal text in the unit of `limit_rule.amount`. */
  readonly amount: string
  readonly lasts: 'day' | 'month'
  /** For people: Tollgate takes no money. */
  readonly price?: { readonly amount: string; readonly currency: string }
  readonly note: string
}

/** Packs, and giving them. Faults: as `Requests` has them. */
export interface Packs {
  /** By id, at most 1,000. */
  packs(): Promise<readonly ListedPack[]>
  pack(id: string): Promise<ListedPack | undefined>
  /** A grant that is spent before the limit's own amount. */
  addPack(grant: NewGrant): Promise<ListedGrant>
}

export interface PackTools extends Pick<RequestTools, 'requests' | 'randomBytes' | 'nowMs'> {
  readonly packs: Packs
}
