import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { WatchStore } from './watch-ports.ts'

/** Beyond it alerts come late, and reports are not what people take them for. */
const behindMsMax = 30_000
const quietMs = 600_000

/** The ledger of this process is more than 30 s behind, until it is not: one event for the installation, whichever process says it. */
export function ledgerLag(store: Pick<WatchStore, 'stand'>, behindMs: () => number): Condition {
  return {
    name: 'ledger_lag',
    everyMs: 10_000,
    async look() {
      await store.stand('ledger_lag', ledgerLagEvents(behindMs()), { quietMs })
      return { hasMore: false }
    },
  }
}

export function ledgerLagEvents(behindMs: number): readonly NewAlertEvent[] {
  if (behindMs <= behindMsMax) return []
  return [{ key: 'ledger_lag', type: 'ledger_lag', level: 'critical', data: { seconds: Math.floor(behindMs / 1_000) } }]
}
