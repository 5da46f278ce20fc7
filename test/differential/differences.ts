import type { DescriptorConfig } from './configuration.ts'
import { composites, namesInRing, replacedNames, sharedPatterns } from './configured.ts'
import type { History } from './history.ts'
import type { WireDescriptor, WireRequest, WireStatus } from './rate-limit-client.ts'

/** One field in which the two answers about one descriptor differ. */
export interface Finding {
  readonly field: 'code' | 'limit' | 'remaining' | 'reset'
  readonly request: WireRequest
  readonly descriptor: WireDescriptor
  readonly theirs: WireStatus
  readonly ours: WireStatus
  readonly config: readonly DescriptorConfig[]
  readonly history: History
}

/** A way in which Tollgate answers otherwise than envoyproxy/ratelimit, on purpose. */
export interface Documented {
  readonly id: string
  /** As it stands in docs/guides/migrate-from-ratelimit.md, word for word. */
  readonly title: string
  readonly reason: string
  /** Absent: shown by a case of its own in faults.ts. */
  readonly explains?: (finding: Finding) => boolean
  /** Afterwards the counters of such a descriptor may differ too. */
  readonly partsCounters?: true
}

/**
 * The whole list, and the only one: the run fails on a difference that is not here, and on an entry that no longer occurs.
 */
export const documentedDifferences: readonly Documented[] = [
  {
    id: 'exact-reset',
    title: 'The time until the reset is exact',
    reason: 'The reference knows whole seconds only. Rounded up, both are the same.',
    explains: ({ field, theirs, ours }) => field === 'reset' && secondsUp(ours) === secondsUp(theirs),
  },
  {
    id: 'quota-mode-reset',
    title: 'A limit in quota mode that is over tells when it resets',
    reason: 'The reference leaves the time out just then.',
    explains: ({ field, theirs, ours }) =>
      field === 'reset' && theirs.currentLimit !== null && theirs.durationUntilReset === null && ours.code === 'OK',
  },
  {
    id: 'joined-counters',
    title: 'What is counted apart has counters of its own',
    reason:
      'The reference names a counter by domain, keys and values joined with an underscore and the start of the window. So an override shares the counter of its rule, and of any other unit that began at the same second, and two paths that read the same when joined share one.',
    explains: ({ field, request, descriptor, theirs, history }) =>
      (field === 'code' || field === 'remaining') && history.isJoined({ domain: request.domain, descriptor, theirs }),
  },
  {
    id: 'joined-match',
    title: 'A key and a value match as two texts',
    reason:
      'The reference looks for them joined with an underscore, so that `user` with the value `tier_gold` finds the rule of `user_tier` with the value `gold`, and `user` with `*` finds every key that begins with `user_`.',
    explains: (finding) =>
      hasJoined(finding.descriptor, finding.config) || isReplacedByJoined(finding) || sharesWithJoined(finding),
    partsCounters: true,
  },
  {
    id: 'mutual-replaces',
    title: 'Of limits that replace each other the first stays',
    reason: 'In the reference none of them is left.',
    explains: ({ theirs, ours, config }) =>
      theirs.currentLimit === null && ours.currentLimit !== null && namesInRing(config).has(ours.currentLimit.name),
    partsCounters: true,
  },
]

function secondsUp({ durationUntilReset: reset }: WireStatus): number {
  return reset === null ? -1 : Number(reset.seconds) + (reset.nanos > 0 ? 1 : 0)
}

function hasJoined({ entries }: WireDescriptor, config: readonly DescriptorConfig[]): boolean {
  return entries.some((entry) => isMatchedJoined(entry, config))
}

/** Another descriptor of the call finds a rule so, which may replace this one's limit on one side only. */
function isReplacedByJoined({ request, theirs, ours, config }: Finding): boolean {
  const name = theirs.currentLimit?.name ?? ours.currentLimit?.name ?? ''
  return replacedNames(config).has(name) && request.descriptors.some((other) => hasJoined(other, config))
}

/** All values of a shared pattern are one counter, and who finds the pattern so counts there too. */
function sharesWithJoined({ field, request, descriptor, config, history }: Finding): boolean {
  if (field !== 'code' && field !== 'remaining') return false
  const isShared = sharedPatterns(config).some(({ key, prefix }) =>
    descriptor.entries.some((entry) => entry.key === key && entry.value.startsWith(prefix)),
  )
  return (
    isShared && (history.hasParted('joined-match') || request.descriptors.some((other) => hasJoined(other, config)))
  )
}

/** A rule of another key would match this entry when both are joined. */
function isMatchedJoined(
  { key, value }: { readonly key: string; readonly value: string },
  config: readonly DescriptorConfig[],
): boolean {
  const joined = `${key}_${value}`
  return composites(config).some((other) => {
    if (other.key === key) return false
    if (other.text.endsWith('*')) return joined.startsWith(other.text.slice(0, -1))
    // Where no value matches, the reference looks for the key alone.
    return joined === other.text || key === other.text
  })
}
