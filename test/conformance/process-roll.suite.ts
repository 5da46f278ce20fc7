import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProcessRoll } from '../../src/check/ports.ts'
import { goneMs, silentMs } from '../../src/core/process-roll.ts'

/** A roll under test, whose clock the test sets. */
export interface RollHarness {
  readonly roll: ProcessRoll
  setNow(ms: number): Promise<void>
  close(): Promise<void>
}

const startMs = Date.UTC(2026, 10, 22, 10, 30)

/** What `ProcessRoll` promises, whatever it is made of. */
export function processRollSuite(name: string, createHarness: () => Promise<RollHarness>): void {
  describe(`process roll ${name}`, () => {
    let harness: RollHarness
    let roll: ProcessRoll

    beforeEach(async () => {
      harness = await createHarness()
      roll = harness.roll
      await harness.setNow(startMs)
    })
    afterEach(() => harness.close())

    const at = (ms: number) => harness.setNow(startMs + ms)
    const join = (id: string) => roll.beat({ id, streamBroke: false, isNew: true })
    const beat = (id: string, streamBroke = false) => roll.beat({ id, streamBroke, isNew: false })
    const leave = (id: string, streamBroke = false) => roll.leave({ id, streamBroke })

    it('begins with a break: what was before is not known', async () => {
      expect(await join('a')).toEqual({ processes: 1, brokeAtMs: startMs })
    })

    it('counts who beats; joining and leaving in order are no breaks', async () => {
      await join('a')
      await at(100)
      expect(await join('b')).toEqual({ processes: 2, brokeAtMs: startMs })
      await at(200)
      await leave('b')
      expect(await beat('a')).toEqual({ processes: 1, brokeAtMs: startMs })
      await at(2 * goneMs)
      expect((await beat('c')).processes).toBe(1)
    })

    it('tells everybody when a stream broke, by a beat or by leaving', async () => {
      await join('a')
      await join('b')
      await at(250)
      expect(await beat('b', true)).toEqual({ processes: 2, brokeAtMs: startMs + 250 })
      await at(300)
      expect(await beat('a')).toEqual({ processes: 2, brokeAtMs: startMs + 250 })
      await at(500)
      await leave('b', true)
      expect(await beat('a')).toEqual({ processes: 1, brokeAtMs: startMs + 500 })
    })

    it('takes a silent process for dead: not counted, a break at each beat of the others until it is dropped', async () => {
      await join('a')
      await join('b')
      await at(silentMs - 1)
      expect(await beat('a')).toEqual({ processes: 2, brokeAtMs: startMs })
      await at(silentMs)
      expect(await beat('a')).toEqual({ processes: 1, brokeAtMs: startMs + silentMs })
      let last = silentMs
      for (; last < goneMs; last += 1_000) {
        await at(last)
        expect((await beat('a')).brokeAtMs).toBe(startMs + last)
      }
      await at(goneMs)
      expect((await beat('a')).brokeAtMs).toBe(startMs + goneMs)
      await at(goneMs + 1_000)
      expect(await beat('a')).toEqual({ processes: 1, brokeAtMs: startMs + goneMs })
    })

    it('takes a process that comes back for one whose streams broke, also after it was dropped', async () => {
      await join('a')
      await at(silentMs)
      expect((await beat('a')).brokeAtMs).toBe(startMs + silentMs)
      await at(silentMs + 1)
      expect((await beat('new, and late')).brokeAtMs).toBe(startMs + silentMs + 1)
    })

    it('takes a clock that runs back for a break, and still sees that a process is silent', async () => {
      await join('a')
      await join('b')
      await at(-60_000)
      expect(await beat('a')).toEqual({ processes: 2, brokeAtMs: startMs - 60_000 })
      for (let ms = 0; ms < silentMs; ms += 500) {
        await at(-60_000 + ms)
        await beat('a')
      }
      await at(-60_000 + silentMs)
      expect((await beat('a')).processes).toBe(1)
    })
  })
}
