import { setTimeout as delay } from 'node:timers/promises'
import { differences } from './books-of.ts'
import type { Caller } from './callers.ts'
import type { Lookout } from './quiet.ts'
import type { Stage } from './stage.ts'

const attemptsMax = 50

/** A new store process has no counters yet; looking at one's standing brings them up from the books, if not at once then the next time. */
export async function differencesWhenWarm(
  { stage, lookout }: { readonly stage: Stage; readonly lookout: Lookout },
  caller: Caller,
): Promise<readonly string[]> {
  let found: readonly string[] = []
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    await stage.warm(caller)
    found = await differences({ pool: stage.pool, store: lookout.store }, caller)
    if (!found.some((one) => one.includes('cold'))) return found
    await delay(50)
  }
  return found
}
