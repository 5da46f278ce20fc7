import type { DescriptorConfig } from './configuration.ts'
import { type Case, type Played, playAll, type Sides } from './play.ts'
import type { WireRequest } from './rate-limit-client.ts'

const roundsMax = 12
/** Candidates of one round: all are loaded together, so a round costs one load. */
const candidatesMax = 300

/** The shortest form found in which a case still differs: fewer requests, descriptors and rules. */
export async function shrink(sides: Sides, failing: Played): Promise<Played> {
  let smallest = failing
  for (let round = 1; round <= roundsMax; round += 1) {
    const domain = (nth: number): string => `${failing.case.domain}-shrink${round}-${nth}`
    const candidates = smallerThan(smallest.case).slice(0, candidatesMax)
    if (candidates.length === 0) return smallest
    const played = await playAll(
      sides,
      candidates.map((candidate, nth) => inDomain(candidate, domain(nth))),
    )
    const still = played.filter(({ unexplained, isCrossed }) => unexplained.length > 0 && !isCrossed)
    const best = still.toSorted((a, b) => sizeOf(a.case) - sizeOf(b.case))[0]
    if (best === undefined) return smallest
    smallest = best
  }
  return smallest
}

function sizeOf({ config, sequence }: Case): number {
  return JSON.stringify([config, sequence]).length
}

function inDomain({ config, sequence, domain: old }: Case, domain: string): Case {
  const moved = sequence.map((request) => ({ ...request, domain: request.domain.replace(old, domain) }))
  return { domain, config, sequence: moved }
}

function smallerThan(one: Case): readonly Case[] {
  const sequences = [
    ...withoutOne(one.sequence),
    ...one.sequence.flatMap((request, nth) => withSmaller(one, request, nth)),
  ]
  return [
    ...sequences.filter((sequence) => sequence.length > 0).map((sequence) => ({ ...one, sequence })),
    ...smallerLevels(one.config).map((config) => ({ ...one, config })),
  ]
}

/** Every request that is alike becomes smaller in the same way: a sequence repeats a few. */
function withSmaller({ sequence }: Case, request: WireRequest, nth: number): readonly (readonly WireRequest[])[] {
  const text = JSON.stringify(request)
  if (sequence.findIndex((other) => JSON.stringify(other) === text) !== nth) return []
  const smaller: readonly WireRequest[] = [
    // The reference refuses a call without descriptors, which is another difference.
    ...(request.descriptors.length > 1 ? withoutOne(request.descriptors) : []).map((descriptors) => ({
      ...request,
      descriptors,
    })),
    ...(request.hitsAddend === undefined ? [] : [{ domain: request.domain, descriptors: request.descriptors }]),
  ]
  return smaller.map((replacement) => sequence.map((other) => (JSON.stringify(other) === text ? replacement : other)))
}

function smallerLevels(level: readonly DescriptorConfig[]): readonly (readonly DescriptorConfig[])[] {
  const inside = level.flatMap((one, nth) => smallerDescriptors(one).map((smaller) => level.with(nth, smaller)))
  return [...withoutOne(level), ...inside]
}

function smallerDescriptors(one: DescriptorConfig): readonly DescriptorConfig[] {
  const { rate_limit: _limit, shadow_mode: _shadow, quota_mode: _quota, detailed_metric: _detailed, ...limitless } = one
  const fewer = [
    ...(one.rate_limit !== undefined && one.descriptors !== undefined ? [limitless] : []),
    ...flags.filter((flag) => flag in one).map((flag) => without(one, flag)),
  ]
  const { descriptors, ...childless } = one
  if (descriptors === undefined) return fewer
  const levels = smallerLevels(descriptors).filter((level) => level.length > 0)
  return [
    ...fewer,
    ...(one.rate_limit === undefined ? [] : [childless]),
    ...levels.map((level) => ({ ...one, descriptors: level })),
  ]
}

const flags = ['shadow_mode', 'quota_mode', 'share_threshold', 'detailed_metric', 'value_to_metric'] as const

function without(one: DescriptorConfig, flag: (typeof flags)[number]): DescriptorConfig {
  const { [flag]: _left, ...rest } = one
  return rest
}

function withoutOne<T>(list: readonly T[]): readonly (readonly T[])[] {
  return list.map((_, nth) => list.toSpliced(nth, 1))
}
