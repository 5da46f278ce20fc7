import type { DescriptorRule } from './descriptor-rule.ts'
import { hashedPartition } from './subject.ts'

/** What a descriptor says, entry by entry. */
type Entries = readonly { readonly key: string; readonly value: string }[]

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
