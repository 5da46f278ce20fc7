import type { DescriptorConfig } from './configuration.ts'

/** Each descriptor of a configuration by the text under which the reference keeps it. */
export function composites(
  config: readonly DescriptorConfig[],
): readonly { readonly key: string; readonly text: string }[] {
  return everyDescriptor(config).map(({ key, value }) => ({ key, text: value === undefined ? key : `${key}_${value}` }))
}

/** Names of limits that some limit replaces. */
export function replacedNames(config: readonly DescriptorConfig[]): ReadonlySet<string> {
  return new Set(
    everyDescriptor(config).flatMap(({ rate_limit: limit }) => (limit?.replaces ?? []).map(({ name }) => name)),
  )
}

/** Names of limits that replace themselves, directly or through others. */
export function namesInRing(config: readonly DescriptorConfig[]): ReadonlySet<string> {
  const replaces = new Map<string, Set<string>>()
  for (const { rate_limit: limit } of everyDescriptor(config)) {
    const from = replaces.get(limit?.name ?? '') ?? new Set<string>()
    for (const { name } of limit?.replaces ?? []) from.add(name)
    replaces.set(limit?.name ?? '', from)
  }
  return new Set([...replaces.keys()].filter((name) => name !== '' && reaches(replaces, name)))
}

function reaches(replaces: ReadonlyMap<string, ReadonlySet<string>>, wanted: string): boolean {
  const seen = new Set<string>()
  const waiting = [...(replaces.get(wanted) ?? [])]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === wanted) return true
    if (!seen.has(name)) waiting.push(...(replaces.get(name) ?? []))
    seen.add(name)
  }
  return false
}

/** Patterns whose values count together: the key, and what its values begin with. */
export function sharedPatterns(
  config: readonly DescriptorConfig[],
): readonly { readonly key: string; readonly prefix: string }[] {
  return everyDescriptor(config).flatMap(({ key, value = '', share_threshold: isShared }) =>
    isShared === true ? [{ key, prefix: value.slice(0, -1) }] : [],
  )
}

function everyDescriptor(config: readonly DescriptorConfig[]): readonly DescriptorConfig[] {
  return config.flatMap((one) => [one, ...everyDescriptor(one.descriptors ?? [])])
}
