import { yamlOf } from './configuration.ts'
import { documentedDifferences } from './differences.ts'
import { drawCase, type Played, playAll, type Sides } from './play.ts'
import { shrink } from './shrink.ts'

export interface DifferentialOptions {
  readonly seed: number
  readonly sequences: number
}

/** What a run came to. */
export interface Tally {
  readonly sequences: number
  readonly requests: number
  /** Asked again in a fresh domain: over the end of a second, or for another look at a difference. */
  readonly again: number
  readonly met: ReadonlyMap<string, number>
  readonly failures: readonly string[]
}

const casesPerLoad = 500
const attemptsMax = 4
/** So many are shown in full and made smaller. */
const shownMax = 3
/** A shorter run need not meet every documented difference. */
const sequencesForAll = 10_000

/** Random configurations and sequences, asked of both; a difference counts when it shows a second time on fresh counters. */
export async function runSequences(sides: Sides, { seed, sequences }: DifferentialOptions): Promise<Tally> {
  const met = new Map<string, number>()
  const failing: Played[] = []
  const counts = { requests: 0, again: 0 }
  for (let first = 0; first < sequences; first += casesPerLoad) {
    const nths = Array.from({ length: Math.min(casesPerLoad, sequences - first) }, (_, more) => first + more)
    const { failed, requests, again } = await playBatch({ sides, seed, met }, nths)
    failing.push(...failed)
    counts.requests += requests
    counts.again += again
    for (const { case: one, unexplained } of failed) console.log(`${one.domain}: ${unexplained.join('; ')}`)
    console.log(`${first + nths.length} sequences, ${counts.requests} requests, ${failing.length} unexplained`)
    if (failing.length > 50) break
  }
  const failures = await describeAll(sides, failing)
  const unmet = sequences < sequencesForAll ? [] : neverMet(met)
  return { sequences, ...counts, met, failures: [...failures, ...unmet] }
}

interface Playing {
  readonly sides: Sides
  readonly seed: number
  readonly met: Map<string, number>
}

async function playBatch({ sides, seed, met }: Playing, nths: readonly number[]) {
  let waiting = nths
  const counts = { requests: 0, again: 0 }
  const suspects = new Map<string, number>()
  const failed: Played[] = []
  for (let attempt = 1; attempt <= attemptsMax && waiting.length > 0; attempt += 1) {
    const domains = new Map(waiting.map((nth) => [`s${nth}-${attempt}`, nth]))
    const played = await playAll(
      sides,
      [...domains].map(([domain, nth]) => drawCase(seed, nth, domain)),
    )
    counts.again += attempt === 1 ? 0 : played.length
    const doubted = played.filter(({ unexplained }) => unexplained.length > 0)
    for (const one of played) {
      counts.requests += one.requests
      if (one.unexplained.length === 0) for (const [id, count] of one.met) met.set(id, (met.get(id) ?? 0) + count)
    }
    waiting = []
    for (const one of doubted) {
      const nth = domains.get(one.case.domain) ?? -1
      const key = String(nth)
      if (!one.isCrossed) suspects.set(key, (suspects.get(key) ?? 0) + 1)
      if ((suspects.get(key) ?? 0) >= 2 || attempt === attemptsMax) failed.push(one)
      else waiting = [...waiting, nth]
    }
  }
  return { failed, ...counts }
}

async function describeAll(sides: Sides, failing: readonly Played[]): Promise<readonly string[]> {
  const texts: string[] = []
  for (const [nth, failed] of failing.entries()) {
    const small = nth < shownMax ? await shrink(sides, failed) : failed
    texts.push(nth < shownMax ? describe(small) : `${failed.case.domain}: ${failed.unexplained[0]}`)
  }
  return texts
}

function describe({ case: one, unexplained }: Played): string {
  return [
    `${one.domain}: ${unexplained.join('; ')}`,
    yamlOf(one.domain, one.config).trimEnd(),
    ...one.sequence.map((request, nth) => `request ${nth + 1}: ${JSON.stringify(request)}`),
  ].join('\n  ')
}

function neverMet(met: ReadonlyMap<string, number>): readonly string[] {
  return documentedDifferences
    .filter(({ id, explains }) => explains !== undefined && !met.has(id))
    .map(({ id }) => `the documented difference ${id} did not occur: it must leave the list`)
}
