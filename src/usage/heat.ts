import type { Heat } from '../core/price.ts'
import type { Surface } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createLoop, type Loop } from './loop.ts'
import type { HeatRow } from './ports.ts'

export interface Heats {
  /** From memory. `normal` for what is not known, also before the first reading. */
  heatOf(surface: Surface, resource: string): Heat
}

export type HeatKeeper = Heats & Loop

export interface HeatOptions {
  /** Every resource that is not normal. */
  readonly read: () => Promise<readonly HeatRow[]>
  readonly observer: Observer
  readonly everyMs: number
}

/** Keeps what is in demand in memory, read at start and every `everyMs`. While it cannot be read, the last reading stands. */
export function createHeat({ read, observer, everyMs }: HeatOptions): HeatKeeper {
  let known = heatsOf([])
  const loop = createLoop({
    async step() {
      known = heatsOf(await read())
      return everyMs
    },
    onFault: () => observer.count('heat_refresh_failures_total'),
    log: { observer, failed: 'heat_refresh_failed', again: 'heat_refreshed_again' },
    backoffMs: 1_000,
    backoffMsMax: everyMs,
  })
  return { ...loop, heatOf: (surface, resource) => known.heatOf(surface, resource) }
}

/** One reading, for good. */
export function heatsOf(rows: readonly HeatRow[]): Heats {
  const surfaces = new Map<Surface, Map<string, Heat>>()
  for (const { surface, resource, heat } of rows) {
    const names = surfaces.get(surface) ?? new Map<string, Heat>()
    surfaces.set(surface, names.set(resource, heat))
  }
  return { heatOf: (surface, resource) => surfaces.get(surface)?.get(resource) ?? 'normal' }
}
