import type { AlertLevel, NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { ExpiringToken, WatchStore } from './watch-ports.ts'

/** Two days to plan it, one to do it, two hours for who forgot. */
const levelByHours: Readonly<Record<number, AlertLevel>> = { 48: 'info', 24: 'warning', 2: 'critical' }
const countMax = 500

/** Tokens that end in 48, 24 and 2 hours, of these only what is shorter than the token's whole life; nothing of one that was rotated. */
export function tokenExpiring(store: Pick<WatchStore, 'expiringTokens' | 'add'>): Condition {
  return {
    name: 'token_expiring',
    everyMs: 30_000,
    async look() {
      const found = await store.expiringTokens(Object.keys(levelByHours).map(Number), countMax)
      await store.add(found.map(tokenExpiringEvent))
      return { hasMore: found.length === countMax }
    },
  }
}

export function tokenExpiringEvent(token: ExpiringToken): NewAlertEvent {
  const { id, key, hint, expiresAtMs, hours, timeZone, ...place } = token
  return {
    ...{ key, type: 'token_expiring', level: levelByHours[hours] ?? 'info', aboutMs: expiresAtMs },
    ...place,
    data: { token: id, hint, hours, ...(timeZone !== undefined && { timeZone }) },
  }
}
