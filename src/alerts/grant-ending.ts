import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { EndingGrant, WatchStore } from './watch-ports.ts'

/** A day to ask again, an hour to finish. */
const hours = [24, 1]
const countMax = 500

/** Raises and packs that end in 24 hours and in 1 hour, of these only what is less than half of the grant's whole life. */
export function grantEnding(store: Pick<WatchStore, 'endingGrants' | 'add'>): Condition {
  return {
    name: 'grant_ending',
    everyMs: 30_000,
    async look() {
      const found = await store.endingGrants(hours, countMax)
      await store.add(found.map(grantEndingEvent))
      return { hasMore: found.length === countMax }
    },
  }
}

export function grantEndingEvent(grant: EndingGrant): NewAlertEvent {
  const { id, key, kind, limitName, counts, amount, endsAtMs, hours: span, timeZone, ...place } = grant
  return {
    ...{ key, type: 'grant_ending', level: span <= 1 ? 'warning' : 'info', aboutMs: endsAtMs },
    ...place,
    data: { grant: id, kind, limitName, counts, amount, hours: span, ...(timeZone !== undefined && { timeZone }) },
  }
}
