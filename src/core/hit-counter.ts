import type { DescriptorRule, Period } from './descriptor-rule.ts'
import type { HitCounter } from './hit.ts'
import { hashedPartition } from './subject.ts'

/** What a descriptor says, entry by entry. */
export type Entries = readonly { readonly key: string; readonly value: string }[]

/** A short text of a long one, such that nobody finds two with the same: at most 80 visible characters. */
export type Digest = (text: string) => string

/** Which descriptor, as counters see it: every part with its length before it, so that no two are the same whatever they are made of. */
export interface CountedPath {
  readonly text: string
  readonly partition: number
}

/** The path of a descriptor whose values each count for themselves. */
export function pathOf(domain: string, entries: Entries): CountedPath {
  let text = `${domain.length}:${domain}`
  for (const { key, value } of entries) text += `${key.length}:${key}${value.length}:${value}`
  return { text, partition: hashedPartition(text) }
}

/** Whether values that the rule matches count together, so that `pathOf` is not what it counts by. */
export function isShared({ steps }: DescriptorRule): boolean {
  for (const { sharesThreshold, match } of steps) if (sharesThreshold && match.kind !== 'exact') return true
  return false
}

/** The path that a rule counts by when some of its steps share: there the pattern stands for the value. */
export function sharedPathOf({ domain, steps }: DescriptorRule, entries: Entries): CountedPath {
  let text = `${domain.length}:${domain}`
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index]
    if (step === undefined) continue
    const value = entries[index]?.value ?? ''
    const isPattern = step.sharesThreshold && step.match.kind !== 'exact'
    text += `${step.key.length}:${step.key}${isPattern ? patternText(step.match) : `${value.length}:${value}`}`
  }
  return { text, partition: hashedPartition(text) }
}

function patternText(match: DescriptorRule['steps'][number]['match']): string {
  if (match.kind === 'any') return '*'
  const text = match.kind === 'regex' ? match.pattern : match.kind === 'cidr' ? match.cidr : match.value
  return `${match.kind.charAt(0)}${text.length}:${text}`
}

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
  const id = mark + text
  return { id: id.length <= idLengthMax && plain.test(id) ? id : `#${digest(id)}`, partition }
}

function periodText({ unit, units, timeZone = '' }: Period): string {
  return `${units}${unit}@${timeZone}`
}
