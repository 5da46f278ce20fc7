import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createScratchFolder, rootFolder } from '../../scripts/state-folder.ts'
import { exportRatelimit } from '../../src/policy/imports/export-ratelimit.ts'
import { createFaults } from '../../src/policy/imports/import-fault.ts'
import { readRatelimit } from '../../src/policy/imports/import-limits.ts'
import { drawFile } from './draw-file.ts'
import { createRandom } from './random.ts'
import { refusalOf } from './refused-files.ts'

const run = promisify(execFile)
const CHECK_MS_MAX = 20_000

interface LoadingTally {
  /** Loaded by both, refused by both, and refused by Tollgate alone. */
  readonly both: number
  readonly neither: number
  readonly refused: ReadonlyMap<string, number>
  readonly failures: readonly string[]
}

/** Whether the reference's own checker loads a file. */
type Loads = (text: string) => Promise<boolean>

/**
 * Files that people might write, put before the reference's loader and before Tollgate's import: what the reference loads and Tollgate refuses
 * must be on the list, and what Tollgate writes out again the reference must load.
 */
export async function runLoading(
  checker: string,
  { seed, files }: { seed: number; files: number },
): Promise<LoadingTally> {
  const loads = loader(checker)
  const random = createRandom(seed)
  const drawn = Array.from({ length: files }, (_, index) => ({ name: `drawn file ${index}`, text: drawFile(random) }))
  const tally = { both: 0, neither: 0, refused: new Map<string, number>(), failures: [] as string[] }
  for (const { name, text } of [...fixtures(), ...drawn]) {
    const [isLoaded, ours] = [await loads(text), imported(text)]
    if (!isLoaded) tally.neither += ours.faults.length > 0 ? 1 : 0
    else if (ours.faults.length === 0) tally.both += 1
    for (const said of isLoaded ? ours.faults : []) {
      const known = refusalOf(said)
      if (known === undefined) tally.failures.push(`${name}: the reference loads it, Tollgate says: ${said}\n${text}`)
      else tally.refused.set(known.id, (tally.refused.get(known.id) ?? 0) + 1)
    }
    if (ours.faults.length === 0 && !(await loads(ours.exported)))
      tally.failures.push(`${name}: the reference does not load what is exported:\n${ours.exported}`)
  }
  return tally
}

function fixtures(): readonly { readonly name: string; readonly text: string }[] {
  return ['good', 'bad'].flatMap((kind) => {
    const folder = join(rootFolder, 'test/fixtures', kind, 'ratelimit')
    return readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
  })
}

function loader(checker: string): Loads {
  const folder = createScratchFolder('ratelimit-loading')
  return async (text) => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    writeFileSync(join(folder, 'limits.yaml'), text)
    return run(checker, ['-config_dir', folder], { timeout: CHECK_MS_MAX }).then(
      () => true,
      (error: { readonly code?: unknown }) => {
        // 1: it says so. 2: it panics, as it does on what is no YAML.
        if (error.code === 1 || error.code === 2) return false
        throw error
      },
    )
  }
}

function imported(text: string): { readonly faults: readonly string[]; readonly exported: string } {
  const faults = createFaults()
  const files = [{ name: 'limits.yaml', bytes: Buffer.from(text) }]
  const { rows, domains } = readRatelimit({ files, isAsReference: true, isWhole: false }, faults)
  const limits = rows.map(({ row }) => row)
  const kept = domains.map((id) => ({ id, counting: 'each', charges_refused: true }) as const)
  const [file] = exportRatelimit({ domains: kept, limits }, []).files
  return { faults: faults.list().map(({ said }) => said), exported: file?.yaml ?? '' }
}
