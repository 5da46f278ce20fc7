import { utcTime, wallTime } from './calendar-text.ts'
import type { DescriptorAmount, Period } from './descriptor-rule.ts'
import type { Problem } from './problem.ts'

/** The limit that refused a call, and how it stands. */
export interface OverLimit {
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
export type DescriptorProblem = Omit<Problem, 'instance'>

const nameLengthMax = 60

/** What a refusal by a descriptor's limit says: which one, how much of it, when it resets and in which zone, where to ask. */
export function overLimitWords(
  over: OverLimit,
  { askAt, nowMs }: DescriptorScene,
): Omit<DescriptorProblem, 'type' | 'status'> {
  const { name, amountMax, used, retryAfterMs } = over
  const isNever = retryAfterMs === 'never'
  return {
    title: isNever ? 'More than the limit ever allows' : titles[over.amount.kind],
    detail: `${isNever ? tooMuch(over) : sentences[over.amount.kind](over, nowMs)}; for more ask ${askAt}`,
    limit: name,
    used,
    amount: amountMax,
    ...whenOf(over),
  }
}

/** Nothing where no wait helps; nor of slots, for when a request under way will end is not known. */
function whenOf({
  amount,
  retryAfterMs,
  resetAtMs,
}: OverLimit): Pick<DescriptorProblem, 'reset_at' | 'retry_after_ms'> {
  if (retryAfterMs === 'never' || amount.kind === 'concurrency') return {}
  return { reset_at: utcTime(resetAtMs), retry_after_ms: retryAfterMs }
}

const titles: Readonly<Record<OverLimit['amount']['kind'], string>> = {
  window: 'Rate limit reached',
  rate: 'Too many requests',
  concurrency: 'Too many requests at once',
}

const sentences: Readonly<Record<OverLimit['amount']['kind'], (over: OverLimit, nowMs: number) => string>> = {
  window: (over, nowMs) => `${usage(over)}; resets ${reset(over, nowMs)}`,
  rate: (over) => `${usage(over)}; refills steadily, try again in ${seconds(waitOf(over))}`,
  concurrency: (over) => `${over.used} of ${over.amountMax} under way${limitWords(over)}; try again when one has ended`,
}

function usage(over: OverLimit): string {
  const { used, amountMax, hits } = over
  const limit = `${limitWords(over)}${during(over)}`
  // An amount that was lowered, or refused hits that were charged.
  if (used > amountMax) return `${used} used, more than the ${amountMax}${limit}`
  const needed = used < amountMax && hits > 0 ? `, ${hits} needed` : ''
  return `${used} of ${amountMax} used${limit}${needed}`
}

function limitWords({ name }: OverLimit): string {
  return ` of the limit ${shortened(name)}`
}

/** Typed by operators: no line breaks or other control characters. */
export function shortened(name: string): string {
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
