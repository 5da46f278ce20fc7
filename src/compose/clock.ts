import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../policy/ports.ts'

/** This machine's clock. */
export const clock: Clock = {
  nowMs: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
}
