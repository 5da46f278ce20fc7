import { Document } from 'yaml'
import type { DescriptorRows, DomainRow, LimitRow, StepRow } from '../import-ports.ts'
import { unsupportedReason } from './ratelimit-unsupported.ts'

/** A domain as a file of envoyproxy/ratelimit, which has one domain each. */
export interface ExportedDomain {
  readonly domain: string
  readonly yaml: string
}

export interface Exported {
  readonly files: readonly ExportedDomain[]
  /** Rows that the files leave out, and why. */
  readonly leftOut: readonly { readonly id: string; readonly domain: string; readonly reason: string }[]
  /** Asked for, and not there. */
  readonly unknown: readonly string[]
}

interface Tree {
  readonly step: StepRow
  /** The lowest of its rows: patterns are tried in this order. */
  position: number
  row?: LimitRow
  readonly children: Map<string, Tree>
}

type LeftOut = { id: string; domain: string; reason: string }[]

/** Domains as YAML that envoyproxy/ratelimit takes: those named, or all. What it cannot express is left out and said. */
export function exportRatelimit({ domains, limits }: DescriptorRows, wanted: readonly string[]): Exported {
  const leftOut: LeftOut = []
  const there = domains.filter(({ id }) => wanted.length === 0 || wanted.includes(id))
  const files = there.map((domain) => {
    const own = limits.filter((row) => row.domain === domain.id)
    return { domain: domain.id, yaml: written(domain, grown(own, leftOut)) }
  })
  const unknown = wanted.filter((id) => !domains.some((domain) => domain.id === id))
  return { files, leftOut, unknown }
}

function grown(rows: readonly LimitRow[], leftOut: LeftOut): ReadonlyMap<string, Tree> {
  const root = new Map<string, Tree>()
  for (const row of rows.toSorted((left, right) => left.position - right.position || (left.id < right.id ? -1 : 1))) {
    const reason = unsupportedReason(row) ?? plant(row, root)
    if (reason !== undefined) leftOut.push({ id: row.id, domain: row.domain, reason })
  }
  return root
}

/** Puts a row into the tree, or says why there is no place for it; then the tree is as it was. */
function plant(row: LimitRow, root: Map<string, Tree>): string | undefined {
  let nodes: ReadonlyMap<string, Tree> = root
  let node: Tree | undefined
  for (const step of row.entries) {
    node = nodes.get(composedKey(step))
    if (node === undefined) break
    const other = differenceOf(node.step, step)
    if (other !== undefined) return other
    nodes = node.children
  }
  if (node?.row !== undefined) return `${node.row.id} limits the same path, and there can be one`
  grow(row, root)
  return undefined
}

function grow(row: LimitRow, root: Map<string, Tree>): void {
  let nodes = root
  for (const [index, step] of row.entries.entries()) {
    const name = composedKey(step)
    const node: Tree = nodes.get(name) ?? { step, position: row.position, children: new Map() }
    node.position = Math.min(node.position, row.position)
    nodes.set(name, node)
    if (index === row.entries.length - 1) node.row = row
    nodes = node.children
  }
}

/** The reference joins key and value, so that other pairs can come to the same. */
function composedKey({ key, value }: StepRow): string {
  return value === undefined ? key : `${key}_${value}`
}

function differenceOf(there: StepRow, step: StepRow): string | undefined {
  if (there.key !== step.key) return `its entry ${composedKey(step)} is the same as another of key ${there.key} there`
  const isSame =
    (there.share_threshold ?? false) === (step.share_threshold ?? false) &&
    (there.value_to_metric ?? false) === (step.value_to_metric ?? false)
  return isSame ? undefined : `its flags of ${composedKey(step)} are others than those of another row`
}

function written(domain: DomainRow, tree: ReadonlyMap<string, Tree>): string {
  const document = new Document({ domain: domain.id, descriptors: listOf(tree) })
  const counts = domain.counting === 'each' && domain.charges_refused
  if (!counts)
    document.commentBefore =
      ' In Tollgate this domain counts otherwise: see counting and charges_refused of descriptor_domain.'
  // Quoted, since YAML 1.1, which the reference reads, takes more words for numbers and truths.
  return document.toString({ defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 })
}

function listOf(tree: ReadonlyMap<string, Tree>): readonly object[] {
  return [...tree.values()].toSorted(byPosition).map(({ step, row, children }) => ({
    key: step.key,
    ...(step.value !== undefined && { value: step.value }),
    ...(step.share_threshold && { share_threshold: true }),
    ...(step.value_to_metric && { value_to_metric: true }),
    ...(row !== undefined && row.kind !== 'none' && limitOf(row)),
    ...(children.size > 0 && { descriptors: listOf(children) }),
  }))
}

function byPosition(left: Tree, right: Tree): number {
  return left.position - right.position || (composedKey(left.step) < composedKey(right.step) ? -1 : 1)
}

function limitOf(row: LimitRow): object {
  const { shadow, quota_mode, detailed_metric, name, amount, unit, replaces } = row
  return {
    ...(shadow && { shadow_mode: true }),
    ...(quota_mode && { quota_mode: true }),
    ...(detailed_metric && { detailed_metric: true }),
    rate_limit: {
      ...(name !== null && { name }),
      ...(row.kind === 'unlimited' ? { unlimited: true } : { unit, requests_per_unit: amount }),
      ...(replaces.length > 0 && { replaces: replaces.map((replaced) => ({ name: replaced })) }),
    },
  }
}
