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
  /** For links, which need none: bounded by address. */
  ofLink(request: IncomingMessage): Trouble | undefined
}

/** What holds where the policy has no limit of surface `api`. */
const usual = { name: 'api-requests', rate: { amount: 10, periodMs: 1_000, burst: 50 } }
/** Tokens that are none: from one address so many at once, and so many a minute. */
const guesses = { name: 'wrong tokens', rate: { amount: 20, periodMs: 60_000, burst: 20 } }
/** Links, good or not: only the database knows. */
const links = { name: 'links', rate: { amount: 20, periodMs: 60_000, burst: 20 } }
const retryAfterSMax = 30

/** The guard of one process: what it counts, it counts for itself. */
export function guardOf(tools: PortalTools): Guard {
  const gate = createRateGate()
  // Apart from callers, so that guessing from many addresses makes nobody's rate forgotten; and links apart from tokens, so that who has a
  // wrong token shuts nobody's link.
  const guess = addressGate(guesses, tools)
  return {
    ofLink: addressGate(links, tools),
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

function addressGate(bound: Omit<GateLine, 'subject'>, tools: PortalTools) {
  const gate = createRateGate()
  return (request: IncomingMessage): Trouble | undefined => {
    const refused = gate([{ ...bound, subject: `address ${addressOf(request, tools)}` }], tools.tickMs())
    return refused && tooManyFrom(refused)
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

interface Refused {
  readonly line: GateLine
  readonly waitMs: number
}

function tooMany({ line, waitMs }: Refused): Trouble {
  const { amount, periodMs, burst } = line.rate
  return {
    ...tooOften(waitMs),
    detail: `The limit ${line.name} allows ${burst} requests at once, then ${amount} every ${periodMs / 1_000} s; ${again(waitMs)}`,
    limit: line.name,
  }
}

/** What no row of the policy bounds. */
function tooManyFrom({ line, waitMs }: Refused): Trouble {
  const { amount, periodMs } = line.rate
  const detail = `From one address ${amount} ${line.name} are looked at every ${periodMs / 1_000} s; ${again(waitMs)}`
  return { ...tooOften(waitMs), detail }
}

function tooOften(waitMs: number) {
  const retryAfterS = Math.min(retryAfterSMax, Math.max(1, Math.ceil(waitMs / 1_000)))
  return { code: 'rate', status: 429, title: 'Too many requests', retry_after_ms: waitMs, retryAfterS } as const
}

function again(waitMs: number): string {
  return `try again in ${Math.ceil(waitMs / 1_000)} s`
}
