import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Condition } from './watch.ts'
import type { CrowdedToken, WatchStore } from './watch-ports.ts'

/** A person has an office, a home, a telephone and a train; a fifth network within one hour is somebody else, or a fleet. */
const networksMin = 5
const everyMs = 60_000
/** More than the rest between two looks, so that what was booked a little late is still seen. */
const lookBackMs = 90_000
const countMax = 100

/**
 * One token of a person that was used from at least 5 networks (IPv4 /24, IPv6 /64) within an hour: passed on, or stolen. Once per token and UTC
 * day. Tokens of CI, services and mirrors run on fleets, so that many networks say nothing of them.
 */
export function tokenNetworks(store: Pick<WatchStore, 'crowdedTokens' | 'add'>): Condition {
  return {
    name: 'token_networks',
    everyMs,
    async look() {
      const found = await store.crowdedTokens({ lookBackMs, networksMin, countMax })
      await store.add(found.map(tokenNetworksEvent))
      return { hasMore: found.length === countMax }
    },
  }
}

export function tokenNetworksEvent({ id, key, hint, networks, timeZone, ...place }: CrowdedToken): NewAlertEvent {
  return {
    ...{ key, type: 'token_networks', level: 'warning' },
    ...place,
    data: { token: id, hint, networks, hours: 1, ...(timeZone !== undefined && { timeZone }) },
  }
}
