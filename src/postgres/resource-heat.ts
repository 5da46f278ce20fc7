import type { Pool } from 'pg'
import type { HeatRow } from '../usage/ports.ts'
import { upkeepQueries } from './ledger-queries.ts'

/** Bounds the memory of a process, whatever `heat_threshold` allows: 100,000 names are some 10 MB. */
const rowsMax = 100_000

/** Every resource that is not normal, the most asked for first. Database errors are thrown as they come. */
export async function readResourceHeat(pool: Pool): Promise<readonly HeatRow[]> {
  return (await pool.query<HeatRow>(upkeepQueries['read-heat'], [rowsMax])).rows
}
