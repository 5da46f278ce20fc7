import { faultLine } from '../policy/imports/import-fault.ts'
import type { ImportOutcome } from '../policy/imports/import-limits.ts'
import type { ImportPlan } from '../policy/imports/plan-import.ts'
import { shownAmount, shownPath } from './shown-descriptor.ts'

const shownMax = 20

/** What an import did, as details of a line of log. */
export function loggedImport({ added, changed, removed, before, left, unheard, newDomains }: ImportPlan) {
  const now = [...added, ...changed].map((row) => {
    const old = before.get(row.id)
    const was = old === undefined ? '' : `${shownAmount(old)} → `
    return `${row.domain}: ${shownPath(row.entries)}: ${was}${shownAmount(row)}`
  })
  const gone = removed.flatMap((id) => before.get(id) ?? [])
  return {
    ...{ added: added.length, changed: changed.length, removed: removed.length },
    ...few(
      'domains_added',
      newDomains.map(({ id }) => id ?? ''),
    ),
    ...few('limits_in_force', now),
    ...few(
      'limits_removed',
      gone.map(({ domain, entries }) => `${domain}: ${shownPath(entries)}`),
    ),
    ...few('domains_of_no_file', left),
    ...few('replaced_by_nobody', unheard),
  }
}

/** Everything that is wrong with the files, as details of a line of log. */
export function loggedFaults({ faults, faultCount }: Extract<ImportOutcome, { readonly ok: false }>) {
  return { fault_count: faultCount, ...few('faults', faults.map(faultLine)) }
}

/** The first of them under this name, and nothing where there is none. */
function few(name: string, texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  if (texts.length === 0) return {}
  const rest = texts.length - shownMax
  return { [name]: [...texts.slice(0, shownMax), ...(rest > 0 ? [`and ${rest} more`] : [])] }
}
