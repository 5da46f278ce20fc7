import type { LimitRule, Line } from '../core/limit.ts'
import type { SpendAnswer, SpendRequest } from '../core/spend.ts'
import type { Subject } from '../core/subject.ts'
import type { LineFacts } from './lines.ts'

/** What a spend came to, after cold counters were seeded, passed windows recomputed and postures applied. */
export type Admission =
  | {
      readonly kind: 'taken'
      readonly lines: readonly Line[]
      /** Every subject that the reservation moves. */
      readonly subjects: readonly Subject[]
      readonly answer: SpendAnswer & { readonly kind: 'taken' }
    }
  | {
      readonly kind: 'refused'
      readonly lines: readonly Line[]
      readonly answer: SpendAnswer & { readonly kind: 'refused' }
    }
  /** Neither store nor spool takes a request that no limit is enforced on: passes, unbooked. */
  | { readonly kind: 'unbooked' }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** One request at the spend port; `lineFacts.nowMs` is the store's clock as known here. */
export interface AdmitRequest {
  readonly limits: readonly LimitRule[]
  readonly lineFacts: LineFacts
  readonly spend: Omit<SpendRequest, 'lines' | 'subjects' | 'cold'>
}

export type Admit = (request: AdmitRequest) => Promise<Admission>
