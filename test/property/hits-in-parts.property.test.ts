import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HitLine } from '../../src/core/hit.ts'
import { ClusterHits } from '../../src/redis/cluster-hits.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { type HitStep, hitHistories } from '../support/hit-histories.ts'
import { inProcessHits, playHits } from '../support/hit-player.ts'

/**
 * Not so of a clock that steps back and of rates whose amount changes from call to call: those may leak later than if nothing had been taken.
 * Nor of several lines on one counter of slots that hold them for different times, or only look: what they are told is less exact in one step.
 */
function plainer(step: HitStep): HitStep {
  if (step.do !== 'hit') return step
  const lines = step.lines.map(({ line, behind }) => ({ line: plainLine(line), behind }))
  return { ...step, lines }
}

function plainLine(line: HitLine): HitLine {
  if (line.kind === 'rate') return { ...line, amount: 2 }
  return line.kind === 'concurrency' ? { ...line, hits: line.hits === 0 ? 1 : line.hits, slotMs: 20_000 } : line
}

const runs = Number(process.env['TOLLGATE_PROPERTY_RUNS'] ?? 300)

it('hits taken part by part and given back come to what one step would have', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(hitHistories, async (history) => {
      const forward = history.filter((step) => step.do !== 'wait' || step.ms >= 0).map(plainer)
      const { store, setNow, close } = await createClockedRedis()
      const hits = new ClusterHits({ at: (_, ask) => ask(store), nowMs: () => store.nowMs(), observer: silentObserver })
      try {
        expect(await playHits({ hits, setNow }, forward)).toEqual(await playHits(inProcessHits(), forward))
      } finally {
        await close()
      }
    }),
    { numRuns: runs },
  )
})
