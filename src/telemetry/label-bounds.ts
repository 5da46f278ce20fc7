import { legibleText } from './legible-text.ts'
import type { MetricRow, OpenLabel } from './metric-row.ts'

type Labels = Readonly<Record<string, string>>

export interface LabelFaults {
  /** A label or value that is not declared: a defect. */
  readonly fault: (kind: 'unknown_label' | 'unknown_value') => void
  /** An open label has as many values as it may; told once. */
  readonly full: (label: string) => void
}

/** Stands in for a label value that the table does not name, or has no room for. */
const other = 'other'
const valueCharactersMax = 200

/**
 * What becomes of the labels that a room hands in: exactly the declared ones. A value that is missing or not declared becomes `other`; one of
 * an open label is cut, made printable, and becomes `other` when the label has no room for one more.
 */
export function createLabelBounds(row: MetricRow, faults: LabelFaults): (labels: Labels) => Labels {
  const { labels: declared = {}, openLabels } = row
  if (openLabels === undefined)
    return (labels) => (isClean(labels, row, faults) ? labels : fixedLabels(labels, declared))
  const openBounds = createOpenBounds(openLabels, faults)
  return (labels) => {
    isClean(labels, row, faults)
    return { ...openBounds(labels), ...fixedLabels(labels, declared) }
  }
}

function isClean(
  labels: Labels,
  { labels: declared = {}, openLabels = {} }: MetricRow,
  { fault }: LabelFaults,
): boolean {
  let clean = true
  for (const name in labels) {
    if (declared[name] !== undefined || openLabels[name] !== undefined) continue
    fault('unknown_label')
    clean = false
  }
  for (const name in declared) {
    const value = labels[name]
    if (value !== undefined && declared[name]?.includes(value) === true) continue
    fault('unknown_value')
    clean = false
  }
  return clean
}

function fixedLabels(labels: Labels, declared: Readonly<Record<string, readonly string[]>>): Labels {
  return Object.fromEntries(
    Object.entries(declared).map(([name, values]) => [name, values.find((value) => value === labels[name]) ?? other]),
  )
}

/** Values of a label are told apart within those of the labels before it, so that one rule's values are not taken for another's. */
function createOpenBounds(openLabels: Required<MetricRow>['openLabels'], { full }: LabelFaults) {
  const levels = Object.entries(openLabels).map(([name, bounds]) => {
    let isFull = false
    const admits = createAdmission(bounds, () => {
      if (!isFull) full(name)
      isFull = true
    })
    return { name, admits }
  })
  return (labels: Labels): Labels => {
    const bounded: Record<string, string> = {}
    let path = ''
    for (const { name, admits } of levels) {
      const value = legibleText(labels[name] ?? '', valueCharactersMax)
      const told = value === '' || admits(path, value) ? value : other
      bounded[name] = told
      path = `${path}${told}\n`
    }
    return bounded
  }
}

/** Whether there is room for a value beside the values before it, which `path` holds; what was let in once stays in. */
function createAdmission({ valuesMax, valuesEachMax = valuesMax }: OpenLabel, onFull: () => void) {
  const valuesByPath = new Map<string, Set<string>>()
  let size = 0
  return (path: string, value: string): boolean => {
    const values = valuesByPath.get(path)
    if (values?.has(value)) return true
    if (size >= valuesMax || (values?.size ?? 0) >= valuesEachMax) {
      onFull()
      return false
    }
    size += 1
    if (values === undefined) valuesByPath.set(path, new Set([value]))
    else values.add(value)
    return true
  }
}
