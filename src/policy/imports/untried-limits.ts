import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import { descriptorLimitReader } from '../descriptor-rows.ts'
import { editTree, emptyTree } from '../descriptor-tree.ts'
import type { LimitRow } from '../import-ports.ts'
import type { Faults } from './import-fault.ts'
import { hasInnerStar } from './inner-stars.ts'
import type { ImportedRow } from './ratelimit-rows.ts'

const said =
  'this limit would not be tried: of the patterns of one key 1,000 are, of them 100 with text between two *; those that only end in * have no bound'

/**
 * Limits whose patterns would be left out are faults, and rows `beside` them count too. Asked of the tree that decides calls, so that both say
 * the same.
 */
export function noteUntried(imported: readonly ImportedRow[], beside: readonly LimitRow[], faults: Faults): void {
  const places = new Map(imported.map(({ row, at }) => [row.id, at]))
  const rules = [...beside, ...imported.map(({ row }) => row)].filter(isTried).flatMap(ruleOf)
  for (const [, ofDomain] of Map.groupBy(rules, ({ domain }) => domain)) {
    const changes = ofDomain.map((rule) => ({ rule, comes: true }))
    const { untried } = editTree(emptyTree, changes, () => undefined)
    for (const { id } of [...untried.values()].flat()) {
      const at = places.get(id)
      if (at !== undefined) faults.add(at, said)
    }
  }
}

/** Whether its path has a pattern that is not merely looked up. Few have, so that reading them all costs little. */
function isTried({ entries }: LimitRow): boolean {
  return entries.some(({ value, regex, cidr }) => (regex ?? cidr) !== undefined || hasInnerStar(value))
}

/** A row that is not valid is in nobody's way. */
function ruleOf({ note: _note, ...row }: LimitRow): readonly DescriptorRule[] {
  const read = descriptorLimitReader.read(row)
  return read.ok ? [read.noun] : []
}
