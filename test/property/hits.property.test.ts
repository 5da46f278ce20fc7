import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HitAnswer, HitLine, HitState } from '../../src/core/hit.ts'
import { createMemoryHitStore } from '../../src/memory/hit-store.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { counter, type HitHarness } from '../support/hit-harness.ts'
import { everyCounter, type HitStep, hitHistories, lineAt } from '../support/hit-histories.ts'
import { startMs } from '../support/spend-harness.ts'

/** One call of a history, and what it came to. */
interface Played {
  readonly lines: readonly HitLine[]
  readonly counting: string
  readonly answer: HitAnswer
}

const keptMs = 5_000

async function play(harness: HitHarness, history: readonly HitStep[]): Promise<readonly Played[]> {
  const played: Played[] = []
  let nowMs = startMs
  let latestMs = startMs
  const hit = async (one: Extract<HitStep, { do: 'hit' }>): Promise<void> => {
    const { counting, slotId, leftMs } = one
    const lines = one.lines.map((drawn) => lineAt(drawn, nowMs))
    const notAfterMs = nowMs + leftMs
    const request = { lines, counting, notAfterMs, ...(slotId && { slotId }) }
    played.push({ lines, counting, answer: await harness.hits.hit(request) })
  }
  const look = { do: 'hit', lines: everyCounter, counting: 'each', slotId: 'x', leftMs: 60_000 } as const
  await harness.setNow(nowMs)
  for (const step of history) {
    if (step.do === 'hit') await hit(step)
    else if (step.do === 'release')
      await harness.hits.release({ counters: [counter('t', 7), counter('u', 33)], slotId: step.slotId })
    else {
      nowMs = Math.max(nowMs + step.ms, latestMs - keptMs)
      latestMs = Math.max(latestMs, nowMs)
      await harness.setNow(nowMs)
    }
    await hit(look)
  }
  return played
}

function inProcess(): HitHarness {
  let nowMs = startMs
  return {
    hits: createMemoryHitStore({ nowMs: () => nowMs, countersMax: 1_000 }),
    async setNow(ms) {
      nowMs = ms
    },
    async close() {},
  }
}

async function playInRedis(history: readonly HitStep[]): Promise<readonly Played[]> {
  const { store, setNow, close } = await createClockedRedis()
  try {
    return await play({ hits: store.hits, setNow, close }, history)
  } finally {
    await close()
  }
}

function statesOf({ lines, answer }: Played): readonly { readonly line: HitLine; readonly state: HitState }[] {
  if (answer.kind !== 'counted') return []
  return lines.flatMap((line, index) => answer.states.slice(index, index + 1).map((state) => ({ line, state })))
}

const runs = Number(process.env['TOLLGATE_PROPERTY_RUNS'] ?? 300)

describe('hits', () => {
  it('the script agrees with core on any history', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(hitHistories, async (history) => {
        expect(await playInRedis(history)).toEqual(await play(inProcess(), history))
      }),
      { numRuns: runs },
    )
  })

  it('a window holds what was taken, to the last hit, and what enforced lines take never passes their amount', async () => {
    await fc.assert(
      fc.asyncProperty(hitHistories, async (history) => {
        const used = new Map<string, bigint>()
        for (const one of await play(inProcess(), history)) {
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
        for (const one of await play(inProcess(), history)) {
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
