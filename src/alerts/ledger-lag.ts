import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { WatchStore } from './watch-ports.ts'

/** Beyond it alerts come late, and reports are not what people take them for. */
const behindMsMax = 30_000
const quietMs = 600_000
/** Often enough that what is remembered is never taken for a lag. */
const noteEveryMs = 5_000

/**
 * No ledger had read everything for more than 30 s, be it slow, dead or nowhere, until one has: one event for the installation, whichever
 * process says it. Nothing is said before this process has waited that long itself, so that a start of the whole is no lag.
 */
export function ledgerLag(
  store: Pick<WatchStore, 'stand' | 'caughtUpMsAgo'>,
  { upMs, graceMs = behindMsMax }: { readonly upMs: () => number; readonly graceMs?: number | undefined },
): Condition {
  return {
    name: 'ledger_lag',
    everyMs: 10_000,
    async look() {
      const waitedMs = upMs()
      if (waitedMs >= graceMs) {
        const behindMs = (await store.caughtUpMsAgo()) ?? waitedMs
        await store.stand('ledger_lag', ledgerLagEvents(behindMs), { quietMs })
      }
      return { hasMore: false }
    },
  }
}

/** The ledger of this process says how far it is, for `ledgerLag` of whichever process; undefined: it has not read everything yet. */
export function ledgerProgress(
  store: Pick<WatchStore, 'noteCaughtUp'>,
  caughtUpMsAgo: () => number | undefined,
): Condition {
  return {
    name: 'ledger_progress',
    everyMs: noteEveryMs,
    async look() {
      const msAgo = caughtUpMsAgo()
      if (msAgo !== undefined) await store.noteCaughtUp(msAgo)
      return { hasMore: false }
    },
  }
}

export function ledgerLagEvents(behindMs: number): readonly NewAlertEvent[] {
  if (behindMs <= behindMsMax) return []
  return [{ key: 'ledger_lag', type: 'ledger_lag', level: 'critical', data: { seconds: Math.floor(behindMs / 1_000) } }]
}
