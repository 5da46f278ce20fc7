import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { WatchStore } from './watch-ports.ts'

/** A row that is not in force as it stands in the database. */
export interface HeldRow {
  readonly table: string
  readonly id: string
  readonly reasons: readonly string[]
  /** What holds instead. */
  readonly inForce: string
}

const heldMax = 100
const whyLengthMax = 300
/** A row that is mended and broken again and again is told of once in so long. */
const quietMs = 600_000

/**
 * Rows of policy that are held back, until they are mended. `held` answers undefined while the policy here may not be the newest: then nothing
 * is said, so that a process that lags behind takes nothing back.
 */
export function policyQuarantined(
  store: Pick<WatchStore, 'stand'>,
  held: () => readonly HeldRow[] | undefined,
): Condition {
  return {
    name: 'policy_quarantined',
    everyMs: 2_000,
    async look() {
      const rows = held()
      if (rows !== undefined) {
        await store.stand('policy_quarantined', rows.slice(0, heldMax).map(policyQuarantinedEvent), { quietMs })
      }
      return { hasMore: false }
    },
  }
}

export function policyQuarantinedEvent({ table, id, reasons, inForce }: HeldRow): NewAlertEvent {
  return {
    key: `policy_quarantined ${table} ${id}`,
    type: 'policy_quarantined',
    level: 'critical',
    data: { table, key: id, why: reasons.join('; ').slice(0, whyLengthMax), inForce },
  }
}
