import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './ports.ts'

/** The machine's own clock and timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal, ref: true }).catch(() => {}),
}
