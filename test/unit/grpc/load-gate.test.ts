import { expect, test } from 'vitest'
import { createLoadGate } from '../../../src/grpc/load-gate.ts'

/** A gate over turns of an event loop: each turn asks once per millisecond given. */
function loop({ inFlightMax = 100, turnMsMax = 50 } = {}) {
  let nowMs = 0
  let ends: (() => void)[] = []
  const gate = createLoadGate({ inFlightMax, turnMsMax, nowMs: () => nowMs, afterTurn: (end) => void ends.push(end) })
  return {
    gate,
    /** One Check per millisecond; answers how many were let in before the first that was not. */
    turn(checks: number): number {
      const answers = Array.from({ length: checks }, () => {
        const answer = gate.overload(0)
        nowMs += 1
        return answer
      })
      for (const end of ends.splice(0)) end()
      ends = []
      const first = answers.indexOf('behind')
      expect(answers.slice(first < 0 ? checks : first).every((answer) => answer === 'behind')).toBe(true)
      return first < 0 ? checks : first
    },
    idle(ms: number) {
      nowMs += ms
    },
  }
}

test('as many as may be in flight are let in, and no more', () => {
  const { gate } = loop({ inFlightMax: 2 })
  expect([0, 1, 2, 3].map((inFlight) => gate.overload(inFlight))).toEqual([
    undefined,
    undefined,
    'in_flight',
    'in_flight',
  ])
})

test('one long turn refuses nobody', () => {
  const { turn } = loop()
  expect([turn(10), turn(500), turn(40), turn(500)]).toEqual([10, 500, 40, 500])
})

test('the second long turn in a row refuses what comes after its share, and so does every further one', () => {
  const { turn } = loop()
  expect([turn(500), turn(500), turn(500)]).toEqual([500, 51, 51])
})

test('a turn that fits again lets all in', () => {
  const { turn } = loop()
  turn(500)
  turn(500)
  expect([turn(30), turn(500)]).toEqual([30, 500])
})

test('a loop that was idle has caught up', () => {
  const { turn, idle } = loop()
  turn(500)
  idle(51)
  expect(turn(500)).toBe(500)
})
