import { expect, test } from 'vitest'
import { createFold } from '../../../src/usage/fold-sums.ts'

const everyMs = 3_600_000

/** Answers in turn; `over` resolves when the last one is asked for. An error is thrown. */
function answering(answers: readonly (number | Error)[]) {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const asked: number[] = []
  return {
    over,
    asked,
    async fold(rowsMax: number) {
      const answer = answers[asked.length] ?? 0
      asked.push(rowsMax)
      if (asked.length === answers.length) resolve()
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

test('createFold() goes on at once while a round was full, and rests when one was not', async () => {
  const sums = answering([10, 10, 3])
  const counted: string[] = []
  const fold = createFold({ sums, observer: observing(counted), everyMs, rowsMax: 10 })
  fold.start()
  await sums.over
  await fold.stop()
  expect(sums.asked).toEqual([10, 10, 10])
  expect(counted).toEqual([])
})

test('createFold() counts a round that failed, and does not die of it', async () => {
  const sums = answering([new Error('no database'), 0])
  const counted: string[] = []
  const fold = createFold({ sums, observer: observing(counted), everyMs: 1, rowsMax: 10 })
  fold.start()
  await sums.over
  await fold.stop()
  expect(counted).toEqual(['ledger_upkeep_failures_total'])
})

function observing(counted: string[]) {
  const nothing = () => undefined
  const count = (name: string) => {
    counted.push(name)
  }
  return { count, counter: () => nothing, time: nothing, set: nothing, info: nothing, warn: nothing }
}
