import type { DescriptorRule, DomainRule } from '../core/descriptor-rule.ts'
import type { DescriptorDomain } from '../core/match-descriptor.ts'
import { type DescriptorTree, editTree, emptyTree, type RuleChange } from './descriptor-tree.ts'
import type { PolicyFault } from './quarantine.ts'
import { ShardedMap } from './sharded-map.ts'
import type { TableState } from './table-state.ts'

export interface DescriptorTables {
  readonly descriptor_domain: TableState<DomainRule>
  readonly descriptor_limit: TableState<DescriptorRule>
}

/** Domains by id, each with the tree of its limits. Immutable; the next one costs what changed, not what there is. */
export interface DescriptorIndex {
  readonly tables: DescriptorTables
  /** A domain without a row may have a tree: it counts as soon as the row is there. */
  readonly trees: ShardedMap<DescriptorTree>
  readonly domains: ShardedMap<DescriptorDomain>
}

/** Rows of which a fault names each; of more only the number is said. */
const namedMax = 100

/** Builds on `previous`: only what changed rows touch is made anew. */
export function indexDescriptors(tables: DescriptorTables, previous: DescriptorIndex = nothing()): DescriptorIndex {
  if (isSame(tables, previous.tables)) return previous
  const trees = previous.trees.draft()
  const domains = previous.domains.draft()
  const changes = changesByDomain(tables, previous)
  const names = new Set([
    ...changes.keys(),
    ...tables.descriptor_domain.inForce.changedKeys(previous.tables.descriptor_domain.inForce),
  ])
  for (const name of names) {
    const rule = tables.descriptor_domain.inForce.get(name)
    const tree = treeOf(name, { tables, previous, changes: changes.get(name) ?? [] })
    if (tree.root.keys.size === 0) trees.delete(name)
    else trees.set(name, tree)
    if (rule === undefined) domains.delete(name)
    else domains.set(name, { rule, root: tree.root })
  }
  return { tables, trees: trees.finish(), domains: domains.finish() }
}

/** Rows that are not enforced as they stand because too many patterns of their key go before them. */
export function untriedFaults({ tables, trees }: DescriptorIndex): readonly PolicyFault[] {
  const isDenied = (rule: DescriptorRule): boolean => refusalOf(rule, tables) !== undefined
  return [...trees.values()].flatMap(({ untried }) =>
    [...untried.values()].flatMap((rules) => faultsOf(rules, isDenied)),
  )
}

/** Says of rows that are in force as their domain has it how it has it. */
export function asDomainsHaveIt(faults: readonly PolicyFault[], tables: DescriptorTables): readonly PolicyFault[] {
  return faults.map((fault) => {
    if (fault.inForce !== 'denies if its domain does') return fault
    const rule = tables.descriptor_limit.inForce.get(fault.id)
    return { ...fault, inForce: rule !== undefined && denies(tables, rule.domain) ? 'denies' : 'nothing' }
  })
}

/** The same rows, all of them. */
export function untriedIds({ trees }: DescriptorIndex): ReadonlySet<string> {
  return new Set([...trees.values()].flatMap(({ untried }) => [...untried.values()].flat().map(({ id }) => id)))
}

function faultsOf(rules: readonly DescriptorRule[], isDenied: (rule: DescriptorRule) => boolean): PolicyFault[] {
  const reasons = ['descriptor_limit_is_behind_1000_patterns_or_100_that_search_of_its_key']
  const named = rules.slice(0, namedMax).map(
    (rule): PolicyFault => ({
      table: 'descriptor_limit',
      id: rule.id,
      reasons,
      inForce: isDenied(rule) ? 'denies' : 'nothing',
    }),
  )
  const more = rules.length - named.length
  if (more === 0) return named
  const inForce = rules.slice(namedMax).every(isDenied) ? 'denies' : 'nothing'
  const rest = { table: 'descriptor_limit', id: '*', reasons: [...reasons, `so are ${more} more rows`] } as const
  return [...named, { ...rest, inForce, rows: more }]
}

function nothing(): DescriptorIndex {
  const empty = { inForce: new ShardedMap<never>(), faults: new Map(), isHeld: false }
  const tables = { descriptor_domain: empty, descriptor_limit: empty }
  return { tables, trees: new ShardedMap(), domains: new ShardedMap() }
}

function isSame(tables: DescriptorTables, old: DescriptorTables): boolean {
  return tables.descriptor_domain === old.descriptor_domain && tables.descriptor_limit === old.descriptor_limit
}

/** Rules that go and come, by domain. */
function changesByDomain(tables: DescriptorTables, previous: DescriptorIndex): Map<string, RuleChange[]> {
  const before = previous.tables.descriptor_limit.inForce
  const now = tables.descriptor_limit.inForce
  const changes: RuleChange[] = []
  for (const id of now.changedKeys(before)) {
    const [old, rule] = [before.get(id), now.get(id)]
    if (old !== undefined && applies(old, previous.tables)) changes.push({ rule: old, comes: false })
    if (rule !== undefined && applies(rule, tables)) changes.push({ rule, comes: true })
  }
  return Map.groupBy(changes, ({ rule }) => rule.domain)
}

function treeOf(
  name: string,
  {
    tables,
    previous,
    changes,
  }: {
    readonly tables: DescriptorTables
    readonly previous: DescriptorIndex
    readonly changes: readonly RuleChange[]
  },
): DescriptorTree {
  const refuse = (rule: DescriptorRule): DescriptorRule | undefined => refusalOf(rule, tables)
  const tree = previous.trees.get(name) ?? emptyTree
  const isOtherwise = denies(tables, name) !== denies(previous.tables, name)
  // What rests on the domain's posture is seldom there, and not kept apart: then the domain is made from the beginning.
  const isWhole = isOtherwise && (tree.untried.size > 0 || mayBeFaulty(tables.descriptor_limit))
  if (isWhole) return editTree(emptyTree, wholeDomain(name, tables), refuse)
  return changes.length === 0 ? tree : editTree(tree, changes, refuse)
}

/** A held table does not tell of the faults of its rows. */
function mayBeFaulty({ faults, isHeld }: DescriptorTables['descriptor_limit']): boolean {
  return faults.size > 0 || isHeld
}

function wholeDomain(name: string, tables: DescriptorTables): readonly RuleChange[] {
  const rules = [...tables.descriptor_limit.inForce.values()].filter((rule) => rule.domain === name)
  return rules.filter((rule) => applies(rule, tables)).map((rule) => ({ rule, comes: true }))
}

/** Of a row that is not valid only its refusal may be in force. */
function applies(rule: DescriptorRule, tables: DescriptorTables): boolean {
  return rule.isFaulty !== true || refusalOf(rule, tables) !== undefined
}

/** What takes the place of a rule that cannot be enforced as it is: the refusal of everything, if its posture or its domain's is to deny. */
function refusalOf(rule: DescriptorRule, tables: DescriptorTables): DescriptorRule | undefined {
  const isDenied = rule.posture === undefined ? denies(tables, rule.domain) : rule.posture === 'deny'
  if (!isDenied || rule.shadow || rule.quotaMode) return undefined
  return { ...rule, amount: { kind: 'window', amount: 0, period: { unit: 'day', units: 1 } }, isFaulty: true }
}

function denies({ descriptor_domain: domains }: DescriptorTables, name: string): boolean {
  return domains.inForce.get(name)?.posture === 'deny'
}
