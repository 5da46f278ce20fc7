import type { LimitRow } from '../policy/import-ports.ts'
import { faultLine, quoted } from '../policy/imports/import-fault.ts'
import type { ImportOutcome } from '../policy/imports/import-limits.ts'
import type { ImportPlan } from '../policy/imports/plan-import.ts'
import type { Result } from './output.ts'
import { shownAmount, shownPath } from './shown-descriptor.ts'
import { textTable } from './table.ts'

const rowsShownMax = 500

/** What an import did, or would do. */
export function shownImport(plan: ImportPlan, isDryRun: boolean): Result {
  const { added, changed, removed, before, kept, left, unheard, innerStars, newDomains, changedDomains } = plan
  const lines = [
    ...added.map((row) => lineOf('added', row, shownAmount(row))),
    ...changed.map((row) => lineOf('changed', row, differenceOf(before.get(row.id), row))),
    ...removed.flatMap((id) => before.get(id) ?? []).map((row) => lineOf('removed', row, shownAmount(row))),
  ]
  const domains = [...newDomains, ...changedDomains].map(({ id }) => id ?? '')
  const counts = `${isDryRun ? 'Would be' : 'Done'}: ${added.length} added, ${changed.length} changed, ${removed.length} removed\n`
  const rest = [
    ...(lines.length > rowsShownMax ? [`${lines.length - rowsShownMax} more lines are not shown\n`] : []),
    ...(domains.length > 0
      ? [`Domains ${newDomains.length > 0 ? 'added or changed' : 'changed'}: ${few(domains)}\n`]
      : []),
    ...(kept.length > 0 ? [`Written by hand, and kept beside: ${few(kept.map(({ id }) => id))}\n`] : []),
    ...(left.length > 0
      ? [`No file has these domains any more, and their limits stay: ${few(left)} (--prune removes them)\n`]
      : []),
    ...(unheard.length > 0 ? [`Replaced, though no limit has the name: ${few(unheard)}\n`] : []),
    shownStars(innerStars),
  ]
  const table = lines.length === 0 ? '' : textTable(lines.slice(0, rowsShownMax), '')
  return { text: table + counts + rest.join(''), json: jsonOf(plan, isDryRun) }
}

/** Says of values that became patterns without a word of the file. */
export function shownStars(values: readonly string[]): string {
  if (values.length === 0) return ''
  const said = few(values.map((value) => quoted(value)))
  return `A * inside a value stands for any text, and the reference takes it as it stands (with --as-reference it is an error): ${said}\n`
}

/** What is wrong, line by line as compilers have it. */
export function shownFaults({ faults, faultCount }: Extract<ImportOutcome, { readonly ok: false }>): string {
  const rest = faultCount - faults.length
  return faults.map((fault) => `${faultLine(fault)}\n`).join('') + (rest > 0 ? `and ${rest} more\n` : '')
}

function jsonOf({ before, kept, ...plan }: ImportPlan, isDryRun: boolean) {
  const { newDomains, changedDomains, added, changed, removed, left } = plan
  return {
    dry_run: isDryRun,
    domains: { added: newDomains, changed: changedDomains, left },
    ...{ added, changed: changed.map((row) => ({ old: before.get(row.id), new: row })), removed },
    kept: kept.map(({ id }) => id),
    unheard: plan.unheard,
    inner_stars: plan.innerStars,
  }
}

function lineOf(change: string, { id, domain, entries }: LimitRow, limit: string) {
  return { change, domain, path: shownPath(entries), limit, id }
}

function differenceOf(old: LimitRow | undefined, now: LimitRow): string {
  if (old === undefined) return shownAmount(now)
  const [was, is] = [shownAmount(old), shownAmount(now)]
  const amounts = was === is ? [] : [`${was} → ${is}`]
  const names = ['position', 'name', 'replaces', 'shadow', 'quota_mode', 'detailed_metric'] as const
  const others = names.filter((name) => String(old[name]) !== String(now[name]))
  const flags = JSON.stringify(old.entries) === JSON.stringify(now.entries) ? [] : ['flags of the path']
  return [...amounts, ...others.map((name) => `${name} ${told(old[name])} → ${told(now[name])}`), ...flags].join('; ')
}

function told(value: LimitRow[keyof LimitRow]): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
  return text === '' ? 'nothing' : text
}

function few(names: readonly string[]): string {
  const rest = names.length - 10
  return names.slice(0, 10).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
