import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HitLine, HitState } from '../../src/core/hit.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { type HitStep, hitHistories } from '../support/hit-histories.ts'
import { inProcessHits, type PlayedHits, playHits } from '../support/hit-player.ts'

async function playInRedis(history: readonly HitStep[]): Promise<readonly PlayedHits[]> {
  const { store, setNow, close } = await createClockedRedis()
  try {
    return await playHits({ hits: store.hits, setNow }, history)
  } finally {
    await close()
  }
}

function statesOf({ lines, answer }: PlayedHits): readonly { readonly line: HitLine; readonly state: HitState }[] {
  if (answer.kind !== 'counted') return []
  return lines.flatMap((line, index) => answer.states.slice(index, index + 1).map((state) => ({ line, state })))
}

const runs = Number(process.env['TOLLGATE_PROPERTY_RUNS'] ?? 300)

describe('hits', () => {
  it('the script agrees with core on any history', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(hitHistories, async (history) => {
        expect(await playInRedis(history)).toEqual(await playHits(inProcessHits(), history))
      }),
      { numRuns: runs },
    )
  })

  it('a window holds what was taken, to the last hit, and what enforced lines take never passes their amount', async () => {
    await fc.assert(
      fc.asyncProperty(hitHistories, async (history) => {
        const used = new Map<string, bigint>()
        for (const one of await playHits(inProcessHits(), history)) {
          for (const { line, state } of statesOf(one)) {
            if (line.kind !== 'window' || one.answer.kind !== 'counted') continue
            const name = `${line.counter.id} ${one.answer.at < line.endMs ? line.startMs : line.endMs}`
            const before = used.get(name) ?? 0n
            expect(BigInt(state.before)).toBe(before)
            if (!state.taken) continue
            const after = before + BigInt(line.hits)
            if (line.enforced && !line.chargesRefused && line.hits > 0)
              expect(after).toBeLessThanOrEqual(BigInt(line.amount))
            const most = BigInt(Number.MAX_SAFE_INTEGER)
            used.set(name, after < 0n ? 0n : after > most ? most : after)
            expect(BigInt(state.after)).toBe(used.get(name))
          }
        }
      }),
      { numRuns: runs * 3 },
    )
  })

  it('a call, or a descriptor where each counts alone, takes all of its enforced lines or none', async () => {
    await fc.assert(
      fc.asyncProperty(hitHistories, async (history) => {
        for (const one of await playHits(inProcessHits(), history)) {
          const groups = Map.groupBy(statesOf(one), ({ line }) => (one.counting === 'each' ? line.descriptor : 0))
          for (const group of groups.values()) {
            const isOver = group.some(({ line, state }) => line.enforced && !state.fits)
            for (const { line, state } of group) {
              const takes = line.hits !== 0 && line.kind !== 'concurrency'
              if (takes) expect(state.taken).toBe(!isOver || !line.enforced || line.chargesRefused)
              expect(state.fits).toBe(state.retryAfterMs === 0)
            }
          }
        }
      }),
      { numRuns: runs * 3 },
    )
  })
})
