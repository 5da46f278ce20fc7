import type { Weather } from './network.ts'
import type { Random } from './random.ts'
import type { Lengths } from './tollgate.ts'

/** What goes wrong, and when. */
export type Mishap =
  | 'kill-process'
  | 'kill-envoy'
  | 'step-clock'
  | 'freeze-store'
  | 'late-commands'
  | 'store-away'
  | 'restart-store'
  | 'lag-store'
  | 'wipe-store'
  | 'wipe-partition'
  | 'books-away'
  | 'policy'

export interface Scenario {
  readonly requests: number
  readonly processes: number
  readonly envoys: number
  /** Positions of charges count from 1 in each life of the store. */
  readonly isCounted: boolean
  /** Processes that run the ledger. */
  readonly ledgers: number
  /** Requests arrive within so long. */
  readonly busyMs: number
  readonly windowMs: Lengths
  /** Of the run, after a full hour. */
  readonly startsAtMs: number
  readonly skewMsMax: number
  readonly reorder: number
  readonly storeWeather: Weather
  readonly envoyWeather: Weather
  readonly mishaps: readonly { readonly atMs: number; readonly what: Mishap }[]
}

const everyMishap: readonly Mishap[] = [
  'kill-process',
  'kill-process',
  'kill-process',
  'kill-envoy',
  'step-clock',
  'freeze-store',
  'late-commands',
  'store-away',
  'restart-store',
  'lag-store',
  'wipe-store',
  'wipe-partition',
  'books-away',
  'books-away',
]

/** What one seed is about: a third of them calm, where nothing at all may be off by one. */
export function drawScenario(
  random: Random,
  { isDense, stress }: { readonly isDense: boolean; readonly stress?: readonly Mishap[] | undefined },
): Scenario {
  const mood = random.next()
  const isCalm = mood < 0.3 && stress === undefined
  const isLossy = mood > 0.6
  const busyMs = isDense ? random.whole(6_000, 20_000) : random.whole(2_500, 9_000)
  const count = isDense ? random.whole(40, 150) : random.whole(8, 40)
  const few = random.chance(0.85)
  const mishaps = isCalm
    ? []
    : Array.from({ length: random.whole(1, isDense || stress ? 8 : 4) }, () => ({
        atMs: random.next() * busyMs * 1.3,
        what: random.pick(stress ?? everyMishap),
      }))
  const changes = Array.from({ length: random.whole(0, 3) }, () => ({
    atMs: random.next() * busyMs,
    what: 'policy' as const,
  }))
  return {
    ...{
      requests: count,
      busyMs,
      processes: few ? random.whole(2, 4) : random.whole(5, 16),
      envoys: random.whole(1, 3),
      ledgers: random.pick([2, 2, 2, 4]),
      isCounted: random.chance(0.4),
    },
    ...drawWindows(random, busyMs),
    ...{ skewMsMax: random.pick([0, 20, 2_000]), reorder: random.pick([0, 0.1, 0.4]) },
    storeWeather: weather(random, isLossy),
    envoyWeather: weather(random, isLossy),
    mishaps: [...mishaps, ...changes],
  }
}

/** Either so short that several end in a run, or of whole minutes, as the books keep them, with an end in the middle of it. */
function drawWindows(random: Random, busyMs: number): Pick<Scenario, 'windowMs' | 'startsAtMs'> {
  if (random.chance(0.5)) return { windowMs: { hour: 9_000, day: 27_000, month: 81_000 }, startsAtMs: 0 }
  const windowMs = { hour: 60_000, day: 120_000, month: 360_000 }
  return { windowMs, startsAtMs: 360_000 - Math.floor(random.next() * busyMs) }
}

function weather(random: Random, isLossy: boolean): Weather {
  return {
    delayMs: random.pick([0.3, 2, 8]),
    slow: random.pick([0, 0.02, 0.1]),
    slowMsMax: random.pick([100, 400]),
    lost: isLossy ? random.pick([0, 0.01, 0.05]) : 0,
    twice: random.pick([0, 0.05]),
    late: random.pick([0, 0, 0.01, 0.04]),
  }
}
