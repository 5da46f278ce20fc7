import type { LimitRow, StepRow } from '../import-ports.ts'
import { type Faults, type Place, quoted } from './import-fault.ts'
import { importedId } from './import-id.ts'
import type { LimitNode, RatelimitFile } from './ratelimit-file.ts'

/** A row with the place it came from. */
export interface ImportedRow {
  readonly row: LimitRow
  readonly at: Place
}

interface Walk {
  readonly domain: string
  readonly faults: Faults
  readonly rows: ImportedRow[]
}

/** Counts the rows below patterns of one key, in the order in which the patterns are tried. */
interface Order {
  next: number
}

interface Above {
  readonly steps: readonly StepRow[]
  readonly order?: Order
}

/** As many as an import may have. */
const rowsMax = 50_000

/**
 * The rows of all files, domain by domain: files of one domain are one list, in which a path stands once. Patterns are tried in the order of
 * the files, which `position` keeps; it is 0 wherever there is nothing to keep apart, so that a new limit changes as few rows as possible.
 */
export function rowsOfFiles(files: readonly RatelimitFile[], faults: Faults): readonly ImportedRow[] {
  const rows: ImportedRow[] = []
  for (const [domain, parts] of Map.groupBy(files, (file) => file.domain)) {
    const nodes = parts.flatMap((part) => part.nodes)
    walk(nodes, { steps: [] }, { domain, faults, rows })
  }
  const beyond = rows[rowsMax]
  if (beyond !== undefined) faults.add(beyond.at, `there are more than ${rowsMax} limits: import fewer`)
  return rows
}

function walk(nodes: readonly LimitNode[], above: Above, walking: Walk): void {
  const seen = new Map<string, LimitNode>()
  const orders = above.order === undefined ? ordersOf(nodes) : new Map<string, Order>()
  for (const node of nodes) {
    const name = JSON.stringify([node.key, node.value])
    const twin = seen.get(name)
    if (twin !== undefined) walking.faults.add(node.at, twiceSaid(node, twin))
    else seen.set(name, node)
    const order = above.order ?? (isPattern(node) ? orders.get(node.key) : undefined)
    const here = { steps: [...above.steps, stepOf(node)], ...(order && { order }) }
    if (node.limit !== undefined || node.children.length === 0) walking.rows.push(rowOf(node, here, walking))
    walk(node.children, here, walking)
  }
}

function twiceSaid({ key, value }: LimitNode, { at }: LimitNode): string {
  const what = value === undefined ? `the key ${quoted(key)} alone` : `${quoted(key)} with ${quoted(value)}`
  return `${what} is there already at ${at.file}:${at.line}:${at.column}: put both into one descriptor`
}

/** Keys with several patterns, whose order says which is tried first. */
function ordersOf(nodes: readonly LimitNode[]): ReadonlyMap<string, Order> {
  const patterns = Map.groupBy(nodes.filter(isPattern), ({ key }) => key)
  return new Map([...patterns].filter(([, { length }]) => length > 1).map(([key]) => [key, { next: 0 }]))
}

function isPattern({ value }: LimitNode): boolean {
  return value?.includes('*') ?? false
}

function stepOf({ key, value, sharesThreshold, valueToMetric }: LimitNode): StepRow {
  return {
    key,
    ...(value !== undefined && { value }),
    ...(sharesThreshold && { share_threshold: true }),
    ...(valueToMetric && { value_to_metric: true }),
  }
}

function rowOf(node: LimitNode, { steps: entries, order }: Above, { domain }: Walk): ImportedRow {
  const { limit, at, shadow, quotaMode, detailedMetric } = node
  const amount = limit?.amount
  const counted = typeof amount === 'object' ? amount : undefined
  const kind = counted ? 'window' : amount === 'unlimited' ? 'unlimited' : 'none'
  const position = order === undefined ? 0 : order.next++
  const about = { domain, entries, unit: counted?.unit ?? null, units: null }
  const row = {
    ...{ id: importedId('rl', about), ...about, position, name: limit?.name ?? null, kind },
    ...{ amount: counted?.requestsPerUnit ?? null, time_zone: null, burst: null, held_seconds: null },
    ...{ replaces: limit?.replaces ?? [], shadow, quota_mode: quotaMode, detailed_metric: detailedMetric },
    ...{ charges_refused: null, posture: null, note: '' },
  } as const satisfies LimitRow
  return { row, at }
}
