import { readUrlTime, urlTime, windowAdverb } from './calendar-text.ts'
import { windowKinds } from './limit.ts'
import type { CountedQuantity, Quantity } from './quantity.ts'
import { codeAmount, unitWord, wholeAmount } from './shown-amount.ts'
import type { Refusal, RefusedLimit } from './verdict.ts'

const marker = '/-/denied/'
const ending = 'open-this-url-to-ask'
const quantities: readonly Quantity[] = ['requests', 'credits', 'bytes', 'gpu_ms']
const who = `(?<window>hourly|daily|weekly|monthly)(?:-(?<per>project|department|token|address|everyone))?`
const unitForm = `(?:-(?<unit>[a-z-]{1,16}))?`
const quotaForm = new RegExp(
  String.raw`^quota/${who}/used-(?<took>\d{1,16})-of-(?<amount>\d{1,16})${unitForm}/resets-(?<resets>[0-9TZ-]{17})/${ending}$`,
)
const tooLargeForm = new RegExp(
  String.raw`^too-large/${who}/needs-(?<took>\d{1,16})-of-(?<amount>\d{1,16})${unitForm}/${ending}$`,
)

/**
 * The path of the page that an installer is sent to, so that the URL it prints is the explanation (measured: pip, uv, poetry and pdm print
 * it): `<index root>/-/denied/quota/daily/used-10000-of-10000/resets-2026-11-23T00-00Z/open-this-url-to-ask`. The subject is named unless
 * it is the account, the unit unless it is credits; amounts are rounded up to whole units. Undefined for limits without a calendar window.
 */
export function landingPath(indexRoot: string, refusal: Refusal): string | undefined {
  const { limit } = refusal
  if (limit?.window === undefined) return undefined
  const window = windowAdverb(limit.window) + (limit.per === 'account' ? '' : `-${limit.per}`)
  const steps = refusal.cause === 'quota' ? quotaSteps(window, limit) : ['too-large', window, amounts('needs', limit)]
  return `${indexRoot}${marker}${[...steps, ending].join('/')}`
}

/**
 * Reads a landing path back; undefined when any word or number of it is not one of ours. Anyone can write such a path, so it holds nothing
 * but fixed words and numbers, and proves nothing. `timeZone` is the reader's.
 */
export function parseLanding(path: string, timeZone = 'UTC'): Refusal | undefined {
  const at = path.indexOf(marker)
  const words = at < 0 ? '' : path.slice(at + marker.length)
  const quota = quotaForm.exec(words)?.groups
  const groups = quota ?? tooLargeForm.exec(words)?.groups
  const limit = groups && limitOf(groups, timeZone)
  if (limit === undefined) return undefined
  if (quota === undefined) return { cause: 'too_large', limit: { ...limit, used: 0, needs: limit.used } }
  const resetAtMs = readUrlTime(quota['resets'] ?? '')
  return resetAtMs === undefined ? undefined : { cause: 'quota', limit: { ...limit, resetAtMs } }
}

function limitOf(groups: Readonly<Record<string, string | undefined>>, timeZone: string): RefusedLimit | undefined {
  const { window = '', per = 'account', took, amount, unit } = groups
  const counts = quantities.find((quantity) => slugOf(quantity) === (unit ?? 'credits'))
  if (counts === undefined || unit === 'credits') return undefined
  const used = codeAmount(counts, Number(took))
  const allowed = codeAmount(counts, Number(amount))
  if (!Number.isSafeInteger(used) || !Number.isSafeInteger(allowed)) return undefined
  const name = per === 'account' ? window : `${window}-${per}`
  const kind = windowKinds.find((known) => windowAdverb(known) === window)
  if (kind === undefined) return undefined
  const calendar = { window: kind, timeZone }
  return { name, counts, per, used, amount: allowed, ...calendar, refusesWith429: false }
}

function quotaSteps(window: string, limit: RefusedLimit): readonly string[] {
  const resets = limit.resetAtMs === undefined ? [] : [`resets-${urlTime(limit.resetAtMs)}`]
  return ['quota', window, amounts('used', limit), ...resets]
}

function amounts(word: 'used' | 'needs', { counts, amount, used, needs = 0 }: RefusedLimit): string {
  const unit = counts === 'credits' ? '' : `-${slugOf(counts)}`
  const took = word === 'used' ? used : needs
  return `${word}-${wholeAmount(counts, took)}-of-${wholeAmount(counts, amount)}${unit}`
}

function slugOf(counts: CountedQuantity): string {
  return unitWord(counts).toLowerCase().replace(' ', '-')
}
