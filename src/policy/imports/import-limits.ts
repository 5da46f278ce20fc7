import type { DescriptorStore, SourceFile } from '../import-ports.ts'
import { createFaults, type Faults, type ImportFault } from './import-fault.ts'
import { noteTwins, readLimitadorFile } from './limitador-file.ts'
import { type ImportPlan, planImport, type Wanted } from './plan-import.ts'
import { readRatelimitFile } from './ratelimit-file.ts'
import { rowsOfFiles } from './ratelimit-rows.ts'
import { noteUntried } from './untried-limits.ts'

export interface ImportWish {
  readonly files: readonly SourceFile[]
  readonly isAsReference: boolean
  readonly isWhole: boolean
  /** Nothing is written. */
  readonly isDryRun: boolean
}

/** Asked for only when the files are without fault. */
type OpenStore = () => Promise<DescriptorStore>

/** What became of it: what was done, or everything that is wrong, and then nothing was done. */
export type ImportOutcome =
  | { readonly ok: true; readonly plan: ImportPlan }
  | { readonly ok: false; readonly faults: readonly ImportFault[]; readonly faultCount: number }

/** What files of envoyproxy/ratelimit say. Every fault is added; with one, what is answered is not whole. */
export function readRatelimit({ files, ...how }: Omit<ImportWish, 'isDryRun'>, faults: Faults): Wanted {
  const read = files
    .map((file) => readRatelimitFile(file, { faults, isAsReference: how.isAsReference }))
    .filter((file) => file !== undefined)
  const domains = [...new Set(read.map(({ domain }) => domain))]
  const rows = rowsOfFiles(read, faults)
  noteUntried(rows, [], faults)
  return { kind: 'rl', domains, rows, ...how }
}

/** The same of files of limitador, whose namespaces are domains. */
export function readLimitador({ files, isWhole }: Pick<ImportWish, 'files' | 'isWhole'>, faults: Faults): Wanted {
  const rows = files.flatMap((file) => readLimitadorFile(file, faults))
  noteTwins(rows, faults)
  const domains = [...new Set(rows.map(({ row }) => row.domain))]
  return { kind: 'lm', domains, rows, isAsReference: false, isWhole }
}

/**
 * Writes limits of envoyproxy/ratelimit, in force within a second, all in one transaction or none. Throws a `Fault`: `policy_unavailable`,
 * or `not_valid` and `conflict` when a rule of the database refuses.
 */
export async function importRatelimit(open: OpenStore, wish: ImportWish): Promise<ImportOutcome> {
  const faults = createFaults()
  return importWanted(open, { wanted: readRatelimit(wish, faults), faults, ...wish })
}

/** The same for limits of limitador. */
export async function importLimitador(
  open: OpenStore,
  wish: Omit<ImportWish, 'isAsReference'>,
): Promise<ImportOutcome> {
  const faults = createFaults()
  return importWanted(open, { wanted: readLimitador(wish, faults), faults, ...wish })
}

async function importWanted(
  open: OpenStore,
  { wanted, faults, isDryRun }: { readonly wanted: Wanted; readonly faults: Faults } & Pick<ImportWish, 'isDryRun'>,
): Promise<ImportOutcome> {
  const refused = () => ({ ok: false, faults: faults.list(), faultCount: faults.count }) as const
  if (faults.count > 0) return refused()
  const store = await open()
  if (isDryRun) {
    const plan = planImport(wanted, await store.read(), faults)
    return faults.count > 0 ? refused() : { ok: true, plan }
  }
  const plan = await store.change((rows) => {
    const made = planImport(wanted, rows, faults)
    return faults.count > 0 ? undefined : made
  })
  return plan === undefined ? refused() : { ok: true, plan }
}
