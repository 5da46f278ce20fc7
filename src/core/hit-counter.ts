import type { CountedPath } from './counted-path.ts'
import type { DescriptorRule, Period } from './descriptor-rule.ts'
import type { HitCounter } from './hit.ts'

/** A short text of a long one, such that nobody finds two with the same: at most 80 visible characters. */
export type Digest = (text: string) => string

/**
 * What tells one limit of a path from another: its kind and period; of a rate and of slots, the limit's name too, because what they hold
 * makes sense only to one limit. Never the amount: a raised limit acts on the running window.
 */
export function markOf({ id, name = id, amount }: DescriptorRule): string {
  switch (amount.kind) {
    case 'window':
      return `w${periodText(amount.period)}|`
    case 'rate':
      return `r${periodText(amount.period)}${name.length}:${name}|`
    default:
      return `c${name.length}:${name}|`
  }
}

/** The mark of a limit that the caller brought along, which never shares the counter of a rule. */
export function overrideMark(period: Period): string {
  return `o${periodText(period)}|`
}

const idLengthMax = 120
const plain = /^[\x21-\x7e]*$/

/** The counter of a mark and a path. A long id, or one with other than visible characters, is replaced by its digest. */
export function counterOf(mark: string, { text, partition }: CountedPath, digest: Digest): HitCounter {
  return { id: shortened(mark + text, digest), partition }
}

/** Beside a counter that another limit has, the one of this rule alone. */
export function ownCounter({ id, partition }: HitCounter, ruleId: string, digest: Digest): HitCounter {
  return { id: shortened(`+${ruleId.length}:${ruleId}${id}`, digest), partition }
}

function shortened(id: string, digest: Digest): string {
  return id.length <= idLengthMax && plain.test(id) ? id : `#${digest(id)}`
}

function periodText({ unit, units, timeZone = '' }: Period): string {
  return `${units}${unit}@${timeZone}`
}
