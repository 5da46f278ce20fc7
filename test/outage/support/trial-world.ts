import { createLookout } from './quiet.ts'
import { startStage } from './stage.ts'
import type { TrialWorld } from './trial.ts'

export async function startTrialWorld(): Promise<TrialWorld & AsyncDisposable> {
  const stage = await startStage()
  const lookout = await createLookout(stage)
  return {
    ...{ stage, lookout },
    async [Symbol.asyncDispose]() {
      await lookout.close()
      await stage[Symbol.asyncDispose]()
    },
  }
}
