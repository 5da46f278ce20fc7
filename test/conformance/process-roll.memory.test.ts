import { createMemoryProcessRoll } from '../../src/memory/process-roll.ts'
import { processRollSuite } from './process-roll.suite.ts'

processRollSuite('in memory', async () => {
  let now = 0
  return {
    roll: createMemoryProcessRoll({ nowMs: () => now }),
    async setNow(ms) {
      now = ms
    },
    close: async () => undefined,
  }
})
