import type { Sink } from './sink.ts'
import type { World } from './world.ts'

/** What a step may use: the running world, and alice's token as it is at that moment. */
export interface Demo {
  readonly world: World
  /** Where alice is told. */
  readonly sink: Sink
  /** Replaced when a step revokes it. */
  aliceToken: string
  /** Of the lead of alice's project. */
  readonly carolToken: string
}

/** One line of the demo, and what a terminal showed where that matters. */
export interface Shown {
  readonly what: string
  readonly happened: string
  readonly terminal?: string
}

export type Step = (demo: Demo) => Promise<readonly Shown[]>

/** Says that a step did not show what it should, with what it showed instead. */
export class StepFault extends Error {
  readonly evidence: string

  constructor(message: string, evidence: string) {
    super(message)
    this.evidence = evidence
  }
}

/** Throws a StepFault unless `isSo`. */
export function expectThat(isSo: boolean, claim: string, evidence: unknown): asserts isSo {
  if (isSo) return
  throw new StepFault(
    `Expected that ${claim}`,
    typeof evidence === 'string' ? evidence : JSON.stringify(evidence, null, 2),
  )
}

/** The lines of a terminal text that hold one of the words. */
export function linesWith(text: string, words: readonly string[]): string {
  return text
    .split('\n')
    .filter((line) => words.some((word) => line.includes(word)))
    .join('\n')
    .trim()
}

/** How many Checks Envoy has counted, by answer. */
export async function checksOf(world: World): Promise<{ readonly ok: number; readonly denied: number }> {
  const stats = await world.envoy.stats('^http\\.ingress\\.ext_authz\\.')
  return { ok: stats['http.ingress.ext_authz.ok'] ?? 0, denied: stats['http.ingress.ext_authz.denied'] ?? 0 }
}
