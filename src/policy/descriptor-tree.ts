import type { DescriptorRule, ValueMatch } from '../core/descriptor-rule.ts'
import type { DescriptorBranch, DescriptorNode } from '../core/match-descriptor.ts'
import { GroupedMap } from './grouped-map.ts'
import { comparePlaces, type Placed } from './prefix-patterns.ts'
import { KeyPatterns, type Pattern, triedPatterns } from './tried-patterns.ts'
import { prefixOf, searchesValue, valueMatcher } from './value-pattern.ts'

/** A rule that goes or comes; one that changed does both. */
export interface RuleChange {
  readonly rule: DescriptorRule
  readonly comes: boolean
}

/** The tree of one domain's paths. Immutable. */
export interface DescriptorTree {
  readonly root: Node
  /** By the place where too many patterns stand: rules that are not enforced as they are written. */
  readonly untried: ReadonlyMap<object, readonly DescriptorRule[]>
}

interface Node extends DescriptorNode {
  readonly keys: ReadonlyMap<string, Branch>
}

/** A branch that also knows its patterns by what they say, but for those that are prefixes. */
interface Branch extends DescriptorBranch {
  readonly exact: GroupedMap<Node>
  readonly any?: Node
  readonly byText: ReadonlyMap<string, Pattern<Node>>
  readonly patterns: KeyPatterns<Node>
}

interface Editing {
  readonly refusalOf: (rule: DescriptorRule) => DescriptorRule | undefined
  readonly untried: Map<object, readonly DescriptorRule[]>
}

const anyValue: ValueMatch = { kind: 'any' }
const noNode: Node = { rules: [], keys: new Map() }
const noBranch: Branch = { exact: new GroupedMap<Node>(), byText: new Map(), patterns: new KeyPatterns() }
export const emptyTree: DescriptorTree = { root: noNode, untried: new Map() }

/**
 * The tree after some rules went and came. Copies what lies on their paths and shares the rest. `refusalOf` says what is enforced of a rule
 * whose pattern cannot be tried.
 */
export function editTree(
  tree: DescriptorTree,
  changes: readonly RuleChange[],
  refusalOf: Editing['refusalOf'],
): DescriptorTree {
  const untried = new Map(tree.untried)
  const root = editNode(tree.root, { changes, depth: 0 }, { refusalOf, untried }) ?? noNode
  return { root, untried }
}

interface Changes {
  readonly changes: readonly RuleChange[]
  readonly depth: number
}

/** The place of one rule where none was: nearly all of a large domain. */
function newNode(rule: DescriptorRule, depth: number): Node | undefined {
  return depth === rule.steps.length ? { rules: [rule], keys: noNode.keys } : undefined
}

/** Undefined: nothing is left of it. */
function editNode(node: Node, { changes, depth }: Changes, editing: Editing): Node | undefined {
  const [only] = changes
  const added = node === noNode && only?.comes && changes.length === 1 ? newNode(only.rule, depth) : undefined
  if (added !== undefined) return added
  const byKey = grouped(changes, ({ rule }) => rule.steps[depth]?.key)
  const here = byKey.get(undefined)
  byKey.delete(undefined)
  const keys = edited(node.keys, byKey, (branch = noBranch, changes) => {
    editing.untried.delete(branch)
    return editBranch(branch, { changes, depth }, editing)
  })
  const rules = here === undefined ? node.rules : editRules(node.rules, here)
  return rules.length === 0 && keys.size === 0 ? undefined : { rules, keys }
}

function editRules(rules: readonly DescriptorRule[], changes: readonly RuleChange[]): readonly DescriptorRule[] {
  const gone = new Set(changes.flatMap(({ rule, comes }) => (comes ? [] : [rule])))
  const come = changes.flatMap(({ rule, comes }) => (comes ? [rule] : []))
  const left = rules.filter((rule) => !gone.has(rule))
  return [...left, ...come].sort((one, other) => (one.id < other.id ? -1 : 1))
}

function editBranch(branch: Branch, { changes, depth }: Changes, editing: Editing): Branch | undefined {
  const matchOf = ({ rule }: RuleChange): ValueMatch => rule.steps[depth]?.match ?? anyValue
  const byKind = grouped(changes, (change) => kindOf(matchOf(change)))
  const ofAny = byKind.get('any')
  const below = (node: Node = noNode, part: readonly RuleChange[]): Node | undefined =>
    editNode(node, { changes: part, depth: depth + 1 }, editing)
  const any = ofAny === undefined ? branch.any : below(branch.any, ofAny)
  const byValue = grouped(byKind.get('exact') ?? [], (change) => textOf(matchOf(change)))
  const exact = branch.exact.edited({ edits: byValue, make: below })
  const byPrefix = grouped(byKind.get('prefix') ?? [], (change) => prefixOf(matchOf(change)) ?? '')
  const prefixes = branch.patterns.prefixes.edited(byPrefix, (placed, part) =>
    editPlaced(placed, part, below(placed?.node, part)),
  )
  const byPattern = grouped(byKind.get('pattern') ?? [], (change) => textOf(matchOf(change)))
  const byText = edited(branch.byText, byPattern, (pattern, part) => {
    const [change] = part
    return change && editPattern(pattern, matchOf(change), editPlaced(pattern, part, below(pattern?.node, part)))
  })
  if (any === undefined && exact.size === 0 && byText.size === 0 && prefixes.size === 0) return undefined
  return withPatterns({ exact, byText, patterns: new KeyPatterns(prefixes), ...(any && { any }) }, editing)
}

function withPatterns(branch: Branch, { refusalOf, untried }: Editing): Branch {
  const { byText, patterns } = branch
  if (byText.size === 0) return patterns.size > 0 ? branch : { ...branch, patterns: noBranch.patterns }
  const { tried, rest } = triedPatterns([...byText.values()])
  const rules = rest.flatMap(({ node }) => [...rulesUnder(node)])
  const refusing = rules.flatMap((rule) => refusalOf(rule) ?? [])
  const made: Branch = {
    ...branch,
    patterns: new KeyPatterns(patterns.prefixes, tried),
    ...(refusing.length > 0 && { refusing }),
  }
  if (rules.length > 0) untried.set(made, rules)
  return made
}

function editPattern(
  pattern: Pattern<Node> | undefined,
  match: ValueMatch,
  placed: Placed<Node> | undefined,
): Pattern<Node> | undefined {
  if (placed === undefined || match.kind === 'any' || match.kind === 'exact') return undefined
  return { ...placed, searches: searchesValue(match), matches: pattern?.matches ?? valueMatcher(match) }
}

/** What is behind a pattern now, and which rule of it goes first. */
function editPlaced(
  placed: Placed<Node> | undefined,
  part: readonly RuleChange[],
  node: Node | undefined,
): Placed<Node> | undefined {
  if (node === undefined) return undefined
  const isLess = part.some(({ rule, comes }) => !comes && rule === placed?.first)
  const known = placed === undefined || isLess ? rulesUnder(node) : [placed.first]
  const come = part.flatMap(({ rule, comes }) => (comes ? [rule] : []))
  const first = firstOf([...known, ...come])
  return first && { node, first }
}

function firstOf(rules: readonly DescriptorRule[]): DescriptorRule | undefined {
  let [first] = rules
  for (const rule of rules) if (first === undefined || comparePlaces(rule, first) < 0) first = rule
  return first
}

function* rulesUnder(node: Node): Iterable<DescriptorRule> {
  yield* node.rules
  for (const { exact, byText, patterns, any } of node.keys.values()) {
    for (const next of exact.values()) yield* rulesUnder(next)
    for (const next of patterns.prefixes.values()) yield* rulesUnder(next.node)
    for (const next of byText.values()) yield* rulesUnder(next.node)
    if (any !== undefined) yield* rulesUnder(any)
  }
}

function kindOf(match: ValueMatch): 'any' | 'exact' | 'prefix' | 'pattern' {
  if (match.kind === 'any' || match.kind === 'exact') return match.kind
  return prefixOf(match) === undefined ? 'pattern' : 'prefix'
}

/** As `Map.groupBy`, whose lists have room for many: here nearly all are of one. */
function grouped<Key>(changes: readonly RuleChange[], keyOf: (change: RuleChange) => Key): Map<Key, RuleChange[]> {
  const groups = new Map<Key, RuleChange[]>()
  for (const change of changes) {
    const key = keyOf(change)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [change])
    else group.push(change)
  }
  return groups
}

/** What tells it from other patterns of its key; of an exact value the value. */
function textOf(match: ValueMatch): string {
  if (match.kind === 'regex') return `regex ${match.pattern}`
  if (match.kind === 'cidr') return `cidr ${match.cidr}`
  if (match.kind === 'wildcard') return `wildcard ${match.value}`
  return match.kind === 'any' ? '' : match.value
}

/** The map with each named part made anew, or left out; the same map when nothing is named. */
function edited<Key, Part, Edit>(
  parts: ReadonlyMap<Key, Part>,
  edits: ReadonlyMap<Key | undefined, Edit>,
  make: (part: Part | undefined, edit: Edit) => Part | undefined,
): ReadonlyMap<Key, Part> {
  if (edits.size === 0) return parts
  const next = new Map(parts)
  for (const [key, edit] of edits) {
    if (key === undefined) continue
    const made = make(next.get(key), edit)
    if (made === undefined) next.delete(key)
    else next.set(key, made)
  }
  return next
}
