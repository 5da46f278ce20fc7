import { Fault } from '../core/fault.ts'
import type { TokenJudge } from './ports.ts'
import type { Actor } from './who-may.ts'

/** Tokens of one account that work at once. */
const activeMax = 50
/** While tokens overlap with those that replace them. */
const activeMaxRotating = 100
const perDayMax = 500

/**
 * Keeps what people give themselves within bounds: 50 tokens that work (100 while some are replaced), 500 within a day. Undefined for the
 * operator, who may give any number.
 */
export function fewTokens(
  { actor, isRotating = false }: { readonly actor: Actor; readonly isRotating?: boolean },
  account: string,
): TokenJudge | undefined {
  if (actor.kind === 'operator') return undefined
  const most = isRotating ? activeMaxRotating : activeMax
  return ({ active, today }) => {
    if (active >= most) throw new Fault('conflict', `${account} has ${most} tokens that work already: revoke one first`)
    if (today >= perDayMax)
      throw new Fault('conflict', `${account} was given ${perDayMax} tokens within a day: wait for tomorrow`)
  }
}
