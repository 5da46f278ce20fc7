import type { CountedQuantity } from './quantity.ts'

/** What somebody goes by who decides a request, as the spend store said it at that moment. Amounts in code units. */
export interface Outlook {
  readonly counts: CountedQuantity
  /** The limit as it stands for whom more is asked. Absent: several have it, each for themselves, or nobody can say. */
  readonly standing?: { readonly amount: number; readonly used: number }
  /** How much they may approve at most. Absent: there is no ceiling, or nobody can say. */
  readonly most?: number
}
