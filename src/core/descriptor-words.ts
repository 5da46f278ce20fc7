import { utcTime, wallTime } from './calendar-text.ts'
import type { DescriptorAmount, Period } from './descriptor-rule.ts'
import type { DescriptorCause, Problem } from './problem.ts'

/** The limit that refused a call, and how it stands. */
interface OverLimit {
  readonly name: string
  readonly amount: Extract<DescriptorAmount, { readonly amount: number }>
  /** How much there is when nothing is used. */
  readonly amountMax: number
  readonly used: number
  /** What the call asked of it. */
  readonly hits: number
  readonly retryAfterMs: number | 'never'
  readonly resetAtMs: number
}

export interface DescriptorScene {
  /** Whom to ask: an address or a few words that follow "ask". */
  readonly askAt: string
  readonly docsBase: string
  readonly nowMs: number
}

/** Of callers we know no request's name. */
type DescriptorProblem = Omit<Problem, 'instance'>

const status = 429
const nameLengthMax = 60

/** The body of a refusal by a descriptor's limit (RFC 9457): which one, how much of it, when it resets and in which zone, where to ask. */
export function descriptorProblem(over: OverLimit, { askAt, docsBase, nowMs }: DescriptorScene): DescriptorProblem {
  const { name, amountMax, used, retryAfterMs, resetAtMs } = over
  const isNever = retryAfterMs === 'never'
  return {
    type: typeOf('rate_limit', docsBase),
    title: isNever ? 'More than the limit ever allows' : titles[over.amount.kind],
    status,
    detail: `${isNever ? tooMuch(over) : sentences[over.amount.kind](over, nowMs)}; for more ask ${askAt}`,
    limit: name,
    used,
    amount: amountMax,
    reset_at: utcTime(resetAtMs),
    ...(isNever ? {} : { retry_after_ms: retryAfterMs }),
  }
}

/** The body where the limits could not be asked and so refuse. */
export function uncountedProblem({ docsBase }: DescriptorScene): DescriptorProblem {
  return {
    type: typeOf('unavailable', docsBase),
    title: 'Temporarily unavailable',
    status,
    detail: 'Limits cannot be checked at the moment; try again in a few seconds',
  }
}

/** The body where a limit of an account that the call names refuses. */
export function ownLimitProblem(
  { name, amount, resetAtMs }: { readonly name: string; readonly amount: number; readonly resetAtMs: number },
  { askAt, docsBase }: DescriptorScene,
): DescriptorProblem {
  return {
    type: typeOf('rate_limit', docsBase),
    title: titles.window,
    status,
    detail: `All ${amount} of the limit ${shortened(name)} of this account are used; resets ${wallTime(resetAtMs, 'UTC')}; for more ask ${askAt}`,
    limit: name,
    amount,
    reset_at: utcTime(resetAtMs),
  }
}

/** The body where a call names somebody who cannot be charged. */
export function nobodysProblem({ askAt, docsBase }: DescriptorScene): DescriptorProblem {
  return {
    type: typeOf('rate_limit', docsBase),
    title: 'Nobody to charge',
    status,
    detail: `The account that this call names is not known, not allowed, or cannot be asked about; try again in a few seconds, or ask ${askAt}`,
  }
}

function typeOf(cause: DescriptorCause, docsBase: string): string {
  return `${docsBase}#${cause}`
}

const titles: Readonly<Record<OverLimit['amount']['kind'], string>> = {
  window: 'Rate limit reached',
  rate: 'Too many requests',
  concurrency: 'Too many requests at once',
}

const sentences: Readonly<Record<OverLimit['amount']['kind'], (over: OverLimit, nowMs: number) => string>> = {
  window: (over, nowMs) => `${usage(over)}${during(over)}; resets ${reset(over, nowMs)}`,
  rate: (over) => `${usage(over)}; refills steadily, try again in ${seconds(waitOf(over))}`,
  concurrency: (over) => `${over.used} of ${over.amountMax} under way${limitWords(over)}; try again when one has ended`,
}

function usage(over: OverLimit): string {
  const { used, amountMax, hits } = over
  const needed = used < amountMax && hits > 0 ? `, ${hits} needed` : ''
  return `${used} of ${amountMax} used${needed}${limitWords(over)}`
}

function limitWords({ name }: OverLimit): string {
  return ` of the limit ${shortened(name)}`
}

/** Typed by operators: no line breaks or other control characters. */
function shortened(name: string): string {
  const plain = name.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return plain.length <= nameLengthMax ? plain : `${plain.slice(0, nameLengthMax - 1)}…`
}

function tooMuch(over: OverLimit): string {
  return `This needs ${over.hits}${limitWords(over)}, which never allows more than ${over.amountMax}`
}

function during({ amount }: OverLimit): string {
  if (amount.kind !== 'window') return ''
  const { unit, units } = amount.period
  return units === 1 ? ` in this ${unit}` : ` in these ${units} ${unit}s`
}

/** Shortly: in how many seconds. Later: when, by the wall of the limit's zone. */
function reset({ amount, resetAtMs }: OverLimit, nowMs: number): string {
  const waitMs = resetAtMs - nowMs
  if (waitMs < 120_000) return `in ${seconds(waitMs)}`
  const zone = amount.kind === 'window' ? zoneOf(amount.period) : 'UTC'
  const local = wallTime(resetAtMs, zone)
  return zone === 'UTC' ? local : `${local} (${wallTime(resetAtMs, 'UTC')})`
}

function zoneOf({ timeZone = 'UTC' }: Period): string {
  return timeZone
}

function waitOf({ retryAfterMs }: OverLimit): number {
  return retryAfterMs === 'never' ? 0 : retryAfterMs
}

/** Rounded up to a tenth of a second. */
function seconds(waitMs: number): string {
  return `${Math.max(1, Math.ceil(waitMs / 100)) / 10} s`
}
