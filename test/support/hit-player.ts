import type { HitAnswer, HitLine } from '../../src/core/hit.ts'
import { createMemoryHitStore } from '../../src/memory/hit-store.ts'
import { counter, type HitHarness } from './hit-harness.ts'
import { everyCounter, type HitStep, lineAt } from './hit-histories.ts'
import { startMs } from './spend-harness.ts'

/** One call of a history, and what it came to. */
export interface PlayedHits {
  readonly lines: readonly HitLine[]
  readonly counting: string
  readonly answer: HitAnswer
}

/** The clock goes back by no more than this below the latest it showed: so long stores keep what is past. */
const keptMs = 5_000

/** Plays a history, and after each step looks at every counter. */
export async function playHits(
  { hits, setNow }: Pick<HitHarness, 'hits' | 'setNow'>,
  history: readonly HitStep[],
): Promise<readonly PlayedHits[]> {
  const played: PlayedHits[] = []
  let nowMs = startMs
  let latestMs = startMs
  const hit = async (one: Extract<HitStep, { do: 'hit' }>): Promise<void> => {
    const { counting, slotId, leftMs } = one
    const lines = one.lines.map((drawn) => lineAt(drawn, nowMs))
    const request = { lines, counting, notAfterMs: nowMs + leftMs, ...(slotId && { slotId }) }
    played.push({ lines, counting, answer: await hits.hit(request) })
  }
  await setNow(nowMs)
  for (const step of history) {
    if (step.do === 'hit') await hit(step)
    else if (step.do === 'release')
      await hits.release({ counters: [counter('t', 7), counter('u', 33)], slotId: step.slotId })
    else {
      nowMs = Math.max(nowMs + step.ms, latestMs - keptMs)
      latestMs = Math.max(latestMs, nowMs)
      await setNow(nowMs)
    }
    await hit({ do: 'hit', lines: everyCounter, counting: 'each', slotId: 'x', leftMs: 60_000 })
  }
  return played
}

/** Hits as core decides them. */
export function inProcessHits(): HitHarness {
  let nowMs = startMs
  return {
    hits: createMemoryHitStore({ nowMs: () => nowMs, countersMax: 10_000 }),
    async setNow(ms) {
      nowMs = ms
    },
    async close() {},
  }
}
