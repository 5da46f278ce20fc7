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
  readonly exact: { get(value: string): DescriptorNode | undefined }
  /** The first, by position and then id, that the value is of. */
  readonly patterns: { firstOf(value: string): DescriptorNode | undefined }
  readonly any?: DescriptorNode
  /** What is left to enforce of patterns that are more than are tried: applies to every value that is neither exact nor of one that is. */
  readonly refusing?: readonly DescriptorRule[]
}

/**
 * The rules of a descriptor: entry by entry, at each the exact value, else the first pattern that matches, else the key alone, without going
 * back; only rules of just this depth. Undefined: nothing matches. As envoyproxy/ratelimit documents its lookup.
 */
export function matchDescriptor(
  domain: DescriptorDomain,
  entries: readonly { readonly key: string; readonly value: string }[],
): readonly DescriptorRule[] | undefined {
  let node = domain.root
  for (const { key, value } of entries) {
    const branch = node.keys.get(key)
    if (branch === undefined) return undefined
    const next = branch.exact.get(value) ?? branch.patterns.firstOf(value)
    if (next === undefined && branch.refusing !== undefined) return branch.refusing
    const found = next ?? branch.any
    if (found === undefined) return undefined
    node = found
  }
  return node.rules.length === 0 ? undefined : node.rules
}
