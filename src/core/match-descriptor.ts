import type { DescriptorRule, DomainRule } from './descriptor-rule.ts'

/** A domain as calls find it: its own row, and its rules by what they match. Immutable. */
export interface DescriptorDomain {
  readonly rule: DomainRule
  readonly root: DescriptorNode
}

/** A place in the tree of paths. */
export interface DescriptorNode {
  /** Rules whose path ends here; several all apply. By id. */
  readonly rules: readonly DescriptorRule[]
  /** Next entries by key. */
  readonly keys: ReadonlyMap<string, DescriptorBranch>
}

/** What the value of one key may be, in the order it is tried: exactly, by pattern, any. */
export interface DescriptorBranch {
  readonly exact: ReadonlyMap<string, DescriptorNode>
  /** By position, then id. */
  readonly patterns: readonly { readonly matches: (value: string) => boolean; readonly node: DescriptorNode }[]
  readonly any?: DescriptorNode
}

/**
 * The rules of a descriptor: entry by entry, at each the exact value, else the first pattern that matches, else the key alone, without going
 * back; only rules of just this depth. Undefined: nothing matches. As envoyproxy/ratelimit documents its lookup.
 */
export function matchDescriptor(
  domain: DescriptorDomain,
  entries: readonly { readonly key: string; readonly value: string }[],
): readonly DescriptorRule[] | undefined {
  let node: DescriptorNode | undefined = domain.root
  for (const { key, value } of entries) {
    const branch: DescriptorBranch | undefined = node.keys.get(key)
    node = branch && nextOf(branch, value)
    if (node === undefined) return undefined
  }
  return node === domain.root || node.rules.length === 0 ? undefined : node.rules
}

function nextOf({ exact, patterns, any }: DescriptorBranch, value: string): DescriptorNode | undefined {
  const node = exact.get(value)
  if (node !== undefined) return node
  for (const pattern of patterns) if (pattern.matches(value)) return pattern.node
  return any
}
