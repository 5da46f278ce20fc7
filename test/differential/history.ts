import type { WireDescriptor, WireStatus } from './rate-limit-client.ts'

/** What one sequence has counted so far, as far as it can be told from outside. */
export interface History {
  /** Notes what a descriptor counted, as the reference's answer shows it. */
  counted(seen: { readonly domain: string; readonly descriptor: WireDescriptor; readonly theirs: WireStatus }): void
  /** True when the reference kept in one counter what are two: it joins texts by `_`, and knows no unit and no override. */
  isJoined(seen: { readonly domain: string; readonly descriptor: WireDescriptor; readonly theirs: WireStatus }): boolean
  /** From here on the counters of this descriptor may stand differently on both sides, for this documented reason. */
  partWays(descriptor: WireDescriptor, reason: string): void
  /** Whether the counters of any descriptor may, for this reason. */
  hasParted(reason: string): boolean
  /** Why they may. */
  partedBy(descriptor: WireDescriptor): ReadonlySet<string>
}

/** Seconds of each unit as the reference counts: since the epoch, a month of 30 days, a year of 365. */
const secondsOf: Readonly<Record<string, number>> = {
  ...{ SECOND: 1, MINUTE: 60, HOUR: 3_600, DAY: 86_400, WEEK: 604_800, MONTH: 2_592_000, YEAR: 31_536_000 },
}

export function createHistory(nowMs: () => number): History {
  const identities = new Map<string, Set<string>>()
  const parted = new Map<string, Set<string>>()
  const counterOf = (seen: Parameters<History['isJoined']>[0]): string | undefined => {
    const seconds = secondsOf[seen.theirs.currentLimit?.unit ?? '']
    if (seconds === undefined) return undefined
    const start = Math.floor(nowMs() / 1_000 / seconds) * seconds
    const words = seen.descriptor.entries.flatMap(({ key, value }) => [key, value])
    return [seen.domain, ...words, start].join('_')
  }
  return {
    counted(seen) {
      const counter = counterOf(seen)
      if (counter === undefined) return
      const among = identities.get(counter) ?? new Set()
      identities.set(counter, among.add(identityOf(seen.descriptor, seen.theirs)))
    },
    isJoined: (seen) => (identities.get(counterOf(seen) ?? '')?.size ?? 0) > 1,
    partWays(descriptor, reason) {
      const path = JSON.stringify(descriptor.entries)
      parted.set(path, (parted.get(path) ?? new Set()).add(reason))
    },
    hasParted: (reason) => [...parted.values()].some((reasons) => reasons.has(reason)),
    partedBy: (descriptor) => parted.get(JSON.stringify(descriptor.entries)) ?? new Set(),
  }
}

function identityOf({ entries, limit }: WireDescriptor, { currentLimit }: WireStatus): string {
  return JSON.stringify([entries, currentLimit?.unit, limit !== undefined])
}
