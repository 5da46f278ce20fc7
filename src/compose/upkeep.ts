import type { Pool } from 'pg'
import type { HeatSource } from '../check/ports.ts'
import { createPostgresUpkeep } from '../postgres/ledger-upkeep.ts'
import { readResourceHeat } from '../postgres/resource-heat.ts'
import { createPostgresUsageSums } from '../postgres/usage-sums.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createFold, foldDefaults } from '../usage/fold-sums.ts'
import { createHeat } from '../usage/heat.ts'
import { createUpkeep, upkeepDefaults } from '../usage/upkeep.ts'
import type { Between } from './between.ts'

const heatEveryMs = 60_000
const rowsMax = 5_000

/** Starts the books' upkeep where the ledger runs, and everywhere the reading of what it says is in demand. */
export function startUpkeep(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly pool: Pool
    readonly between?: Between
  },
): { readonly heats: HeatSource } {
  const { settings, observer, pool, between = {} } = given
  if (settings.TOLLGATE_ROLES.includes('ledger')) {
    const books = createPostgresUpkeep({
      ...{ pool, rowsMax },
      entryDays: settings.TOLLGATE_ENTRY_DAYS,
      hourDays: settings.TOLLGATE_HOUR_DAYS,
    })
    const upkeep = createUpkeep({ ...upkeepDefaults, books, observer })
    upkeep.start()
    started.defer(() => upkeep.stop())
    const fold = createFold({ ...foldDefaults, sums: createPostgresUsageSums(pool), observer })
    fold.start()
    started.defer(() => fold.stop())
  }
  const heats = createHeat({
    ...{ read: () => readResourceHeat(pool), observer },
    everyMs: between.heatEveryMs ?? heatEveryMs,
  })
  heats.start()
  started.defer(() => heats.stop())
  return { heats }
}
