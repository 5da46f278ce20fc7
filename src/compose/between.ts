import type { DelivererSettings } from '../alerts/deliver.ts'
import type { Outbox } from '../alerts/ports.ts'
import type { Method } from '../grpc/methods.ts'
import type { DrainStep } from '../postgres/ledger-store.ts'
import type { LedgerSettings } from '../usage/ledger.ts'
import type { LedgerStore } from '../usage/ports.ts'
import type { RefusalLog } from '../usage/refusal-ports.ts'
import type { OpenStore } from './store.ts'

/**
 * What a test puts between the rooms and what they stand on, to see or to stop each step. Each function gets the real thing and answers
 * what is used in its place; an absent one changes nothing.
 */
export interface Between {
  readonly store?: (real: OpenStore['store']) => OpenStore['store']
  readonly hits?: (real: OpenStore['hits']) => OpenStore['hits']
  readonly ledgerStore?: (real: LedgerStore) => LedgerStore
  /** Awaited between the steps of a ledger transaction. */
  readonly onDrainStep?: (step: DrainStep) => Promise<void> | void
  readonly ledger?: Partial<LedgerSettings>
  /** Between two readings of what is in demand. */
  readonly heatEveryMs?: number
  readonly refusalLog?: (real: RefusalLog) => RefusalLog
  /** How long a process waits before it says that no ledger keeps up. */
  readonly ledgerGraceMs?: number
  readonly outbox?: (real: Outbox) => Outbox
  readonly deliverer?: Partial<DelivererSettings>
  readonly method?: (real: Method) => Method
}
