import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { rootFolder } from '../../scripts/state-folder.ts'
import type { Violation } from './judge.ts'
import type { Mishap } from './scenario.ts'

export interface SeedsWanted {
  readonly from: number
  readonly count: number
  readonly denseEvery?: number
  readonly stress?: readonly Mishap[]
  readonly stopAtFirst?: boolean
  /** A fault of `test/mutants` to plant. */
  readonly mutant?: string
}

export interface FailedSeed {
  readonly seed: number
  readonly isDense: boolean
  readonly violations: readonly Violation[]
}

export interface SeedsRun {
  readonly totals: {
    readonly seeds: number
    readonly requests: number
    readonly admissions: number
    readonly steps: number
    readonly failed: number
  }
  /** The first twenty. */
  readonly failed: readonly FailedSeed[]
}

const nothing = { seeds: 0, requests: 0, admissions: 0, steps: 0, failed: 0 }

/** Runs seeds in a process of their own; rejects when that ends without having said how it went. */
export async function runSeeds(
  wanted: SeedsWanted,
  onProgress?: (totals: SeedsRun['totals']) => void,
): Promise<SeedsRun> {
  const { mutant, ...orders } = wanted
  const preload = mutant === undefined ? [] : ['--import', './test/mutants/plant.ts']
  const child = spawn(process.execPath, [...preload, 'test/simulation/seeds-child.ts', JSON.stringify(orders)], {
    cwd: join(rootFolder),
    env: { ...process.env, TOLLGATE_MUTANT: mutant ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const failed: FailedSeed[] = []
  let totals: SeedsRun['totals'] | undefined
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const said = JSON.parse(line) as { failed?: FailedSeed; totals?: typeof totals; progress?: SeedsRun['totals'] }
    if (said.failed) failed.push(said.failed)
    if (said.totals) totals = said.totals
    if (said.progress) onProgress?.(said.progress)
  })
  await once(child, 'close')
  if (totals === undefined) throw new Error(`The seeds ended without a word: ${errors}`)
  return { totals: { ...nothing, ...totals }, failed }
}

/** How to see what happened in a seed, step by step. */
function replayOf({ seed, isDense }: FailedSeed): string {
  return `npm run simulate -- --seed ${seed} --trace${isDense ? ' --dense' : ''}`
}

export function wordsOf(failed: FailedSeed): string {
  const { rule = '', what = '' } = failed.violations[0] ?? {}
  return `seed ${failed.seed} breaks ${rule}: ${what}\n  ${replayOf(failed)}`
}
