import { createLookout } from './quiet.ts'
import { type StageOptions, startStage } from './stage.ts'
import type { TrialWorld } from './trial.ts'

export async function startTrialWorld(options: StageOptions): Promise<TrialWorld & AsyncDisposable> {
  const stage = await startStage(options)
  const lookout = await createLookout(stage)
  return {
    ...{ stage, lookout },
    async [Symbol.asyncDispose]() {
      await lookout.close()
      await stage[Symbol.asyncDispose]()
    },
  }
}
