import { deliveryMsMax, restMs, retryInMs } from './backoff.ts'
import type { DeliveryEnd, SendResult } from './ports.ts'

/** What follows from how a target took a message. */
export interface AfterSend {
  readonly end: DeliveryEnd
  /** The channel is left alone for a while. */
  readonly rest?: { readonly ms: number; readonly why: string; readonly isFailure: boolean }
  /** The channel is stopped. */
  readonly stopWhy?: string
}

/** How a message was sent, for this rule: of a digest its oldest delivery's age, and the most attempts. */
export interface Tried {
  /** Before this one. */
  readonly attempts: number
  readonly ageMs: number
  /** Of the channel, in a row, before this one. */
  readonly failures: number
}

const slowerMsDefault = 60_000
const waitMsMin = 1_000
const waitMsMax = 3_600_000

/** The table of ends. `random` draws from [0, 1). */
export function afterSend(result: SendResult, tried: Tried, random: () => number): AfterSend {
  switch (result.kind) {
    case 'sent':
      return { end: { kind: 'sent' } }
    case 'refused':
      return { end: { kind: 'failed', error: result.why } }
    case 'gone':
      return { end: { kind: 'failed', error: result.why }, stopWhy: result.why }
    case 'slower': {
      const ms = bounded(result.retryAfterMs ?? slowerMsDefault)
      const rest = { ms, why: result.why, isFailure: false }
      return { end: again(result.why, { inMs: ms, isAttempt: false }, tried), rest }
    }
    case 'again': {
      const toldMs = result.retryAfterMs === undefined ? 0 : bounded(result.retryAfterMs)
      const inMs = Math.max(toldMs, retryInMs(tried.attempts + 1, random()))
      const rest = { ms: Math.max(toldMs, restMs(tried.failures + 1, random())), why: result.why, isFailure: true }
      return { end: again(result.why, { inMs, isAttempt: true }, tried), rest }
    }
  }
}

function again(
  error: string,
  later: { readonly inMs: number; readonly isAttempt: boolean },
  { ageMs }: Tried,
): DeliveryEnd {
  return ageMs + later.inMs > deliveryMsMax ? { kind: 'failed', error } : { kind: 'again', error, ...later }
}

function bounded(ms: number): number {
  return Math.min(waitMsMax, Math.max(waitMsMin, ms))
}
