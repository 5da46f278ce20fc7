import { stringify } from 'yaml'
import type { Random } from './random.ts'

/** A configuration as the reference reads it: field by field what stands in its YAML. */
export interface DescriptorConfig {
  readonly key: string
  readonly value?: string
  readonly rate_limit?: {
    readonly unit?: string
    readonly requests_per_unit?: number
    readonly unlimited?: boolean
    readonly name?: string
    readonly replaces?: readonly { readonly name: string }[]
  }
  readonly shadow_mode?: boolean
  readonly quota_mode?: boolean
  readonly share_threshold?: boolean
  readonly detailed_metric?: boolean
  readonly value_to_metric?: boolean
  readonly descriptors?: readonly DescriptorConfig[]
}

export const keys = ['path', 'user', 'user_tier', 'ip'] as const
export const values = ['api', 'api/v1', 'app', 'gold', 'tier', 'tier_gold', '203.0.113.7'] as const
const patterns = ['ap*', 'api/*', 'g*', '*'] as const
const units = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
const names = ['alpha', 'beta', 'gamma', 'delta'] as const

const depthMax = 3

/** The text of one configuration file. */
export function yamlOf(domain: string, descriptors: readonly DescriptorConfig[]): string {
  return stringify({ domain, descriptors })
}

/** A tree of descriptors that the reference accepts. */
export function drawConfiguration(random: Random): readonly DescriptorConfig[] {
  return drawLevel(random, 1)
}

function drawLevel(random: Random, depth: number): readonly DescriptorConfig[] {
  const level = new Map<string, DescriptorConfig>()
  for (let count = random.whole(1, depth === 1 ? 5 : 3); count > 0; count -= 1) {
    const drawn = drawDescriptor(random, depth)
    // The reference joins key and value, and refuses two alike.
    const composite = drawn.value === undefined ? drawn.key : `${drawn.key}_${drawn.value}`
    if (!level.has(composite)) level.set(composite, drawn)
  }
  return [...level.values()]
}

function drawDescriptor(random: Random, depth: number): DescriptorConfig {
  const value = drawValue(random)
  const hasLimit = random.chance(depth === depthMax ? 1 : 0.75)
  const hasChildren = depth < depthMax && random.chance(hasLimit ? 0.4 : 0.9)
  return {
    key: random.pick(keys),
    ...(value !== undefined && { value }),
    ...(hasLimit && { rate_limit: drawLimit(random) }),
    ...(hasLimit && drawModes(random)),
    ...(value?.endsWith('*') && random.chance(0.4) && { share_threshold: true }),
    ...(random.chance(0.1) && { value_to_metric: true }),
    ...(hasChildren && { descriptors: drawLevel(random, depth + 1) }),
  }
}

function drawModes(random: Random): Pick<DescriptorConfig, 'shadow_mode' | 'quota_mode' | 'detailed_metric'> {
  return {
    ...(random.chance(0.15) && { shadow_mode: true }),
    ...(random.chance(0.15) && { quota_mode: true }),
    ...(random.chance(0.1) && { detailed_metric: true }),
  }
}

function drawValue(random: Random): string | undefined {
  const kind = random.whole(1, 10)
  if (kind <= 3) return undefined
  return kind <= 7 ? random.pick(values) : random.pick(patterns)
}

function drawLimit(random: Random): NonNullable<DescriptorConfig['rate_limit']> {
  const name = random.chance(0.5) ? random.pick(names) : undefined
  const replaced = random.chance(0.35) ? names.filter((other) => other !== name && random.chance(0.4)) : []
  const named = {
    ...(name !== undefined && { name }),
    ...(replaced.length > 0 && { replaces: replaced.map((other) => ({ name: other })) }),
  }
  if (random.chance(0.1)) return { unlimited: true, ...named }
  return { unit: random.pick(units), requests_per_unit: drawAmount(random), ...named }
}

function drawAmount(random: Random): number {
  if (random.chance(0.05)) return 4_294_967_295
  return random.chance(0.06) ? 0 : random.whole(1, 8)
}
