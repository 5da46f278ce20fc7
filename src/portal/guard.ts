import type { IncomingMessage } from 'node:http'
import type { LimitRule } from '../core/limit.ts'
import type { Cause } from '../core/verdict.ts'
import { addressOf, type Caller, callerOf } from './caller.ts'
import type { PortalTools } from './ports.ts'
import { type Trouble, troubleOfCause } from './problem.ts'
import { createRateGate, type GateLine } from './rate-gate.ts'

/** Lets a request pass with its caller, or says why not. Looks at the head of the request alone. */
export interface Guard {
  /** For what needs a token. */
  byToken(request: IncomingMessage): { readonly caller: Caller } | { readonly trouble: Trouble }
  /** For what needs none: bounded by address. */
  byAddress(request: IncomingMessage): Trouble | undefined
}

/** What holds where the policy has no limit of surface `api`. */
const usual = { name: 'api-requests', rate: { amount: 10, periodMs: 1_000, burst: 50 } }
/** Tokens that are none, and links: from one address so many at once, and so many a minute. */
const guesses = { name: 'api-guesses', rate: { amount: 20, periodMs: 60_000, burst: 20 } }
const retryAfterSMax = 30

/** The guard of one process: what it counts, it counts for itself. */
export function guardOf(tools: PortalTools): Guard {
  const gate = createRateGate()
  // Apart from callers, so that guessing from many addresses makes nobody's rate forgotten.
  const guessGate = createRateGate()
  const guess = (request: IncomingMessage): Trouble | undefined => {
    const refused = guessGate([{ ...guesses, subject: `address ${addressOf(request, tools)}` }], tools.tickMs())
    return refused && tooMany(refused)
  }
  return {
    byAddress: guess,
    byToken(request) {
      if (isFromElsewhere(request)) return { trouble: elsewhere }
      const found = callerOf(request, tools)
      if (typeof found === 'string')
        return { trouble: (wasGuess(found) ? guess(request) : undefined) ?? troubleOfCause(found) }
      const limits = limitsOf(found, tools)
      // What the operator meant cannot be read.
      if (limits.some(({ isFaulty }) => isFaulty)) return { trouble: troubleOfCause('unavailable') }
      const refused = gate(linesOf(limits, found, addressOf(request, tools)), tools.tickMs())
      return refused === undefined ? { caller: found } : { trouble: tooMany(refused) }
    },
  }
}

const elsewhere: Trouble = {
  code: 'forbidden',
  status: 403,
  title: 'You may not do this',
  detail: 'A page of another site may not write here',
}

/** Browsers send a password that they know along with whatever a foreign page makes them send. Programs send neither of these headers. */
function isFromElsewhere({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const { origin, host = '', 'sec-fetch-site': site = 'same-origin' } = headers
  if (site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host)
}

function wasGuess(cause: Cause): boolean {
  return cause === 'wrong_token' || cause === 'expired_token'
}

function limitsOf({ principal, snapshot }: Caller, { storeNowMs }: PortalTools): readonly LimitRule[] {
  return snapshot.limitsOf(principal.account, storeNowMs()).filter(({ surface }) => surface === 'api')
}

function linesOf(limits: readonly LimitRule[], { principal }: Caller, address: string): readonly GateLine[] {
  const account = `account ${principal.account.id}`
  if (limits.length === 0) return [{ ...usual, subject: account }]
  // A shadow never refuses, and there is nobody who would read what it would have done.
  return limits
    .filter(({ shadow }) => !shadow)
    .map(({ name, per, amount, periodMs = 1_000, burst = amount }) => ({
      ...{ name, rate: { amount, periodMs, burst } },
      subject: per === 'address' ? `address ${address}` : account,
    }))
}

function tooMany({ line, waitMs }: { readonly line: GateLine; readonly waitMs: number }): Trouble {
  return {
    code: 'rate',
    status: 429,
    title: 'Too many requests',
    detail: `The limit ${line.name} allows ${line.rate.burst} requests at once, then ${line.rate.amount} every ${line.rate.periodMs / 1_000} s; try again in ${Math.ceil(waitMs / 1_000)} s`,
    limit: line.name,
    retry_after_ms: waitMs,
    retryAfterS: Math.min(retryAfterSMax, Math.max(1, Math.ceil(waitMs / 1_000))),
  }
}
