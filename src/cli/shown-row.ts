import type { PolicyRow, PolicyTable, PolicyValue } from '../manage/admin-ports.ts'
import type { Result } from './output.ts'
import { type Cell, textList, textTable } from './table.ts'

/** Rows side by side; columns that are empty in all of them are left out. */
export function shownRows(table: PolicyTable, rows: readonly PolicyRow[], next?: readonly string[]): Result {
  const columns = table.columns.map(({ name }) => name).filter((name) => rows.some((row) => !isEmpty(row[name])))
  const cells = rows.map((row) => Object.fromEntries(columns.map((name) => [name, cellOf(row[name])])))
  const more = next === undefined ? '' : `There are more: --after ${next.join(',')}\n`
  return {
    text: textTable(cells, `There is no such row of ${table.name}`) + more,
    json: { rows, ...(next && { next: next.join(',') }) },
  }
}

/** One row as it is now, and what it was where that differs. */
export function shownWrite({ old, new: now }: { readonly old?: PolicyRow; readonly new: PolicyRow }): Result {
  const cells = Object.entries(now).map(([name, value]) => {
    const before = old?.[name]
    const isSame = old === undefined || JSON.stringify(before) === JSON.stringify(value)
    const was = isEmpty(before) ? 'nothing' : cellOf(before)
    return [name, isSame ? cellOf(value) : `${cellOf(value) ?? 'nothing'} (was ${was})`] as const
  })
  return { text: textList(Object.fromEntries(cells)), json: { ...(old && { old }), new: now } }
}

export function shownRemoval({ old }: { readonly old: PolicyRow }): Result {
  const cells = Object.entries(old).map(([name, value]) => [name, cellOf(value)])
  return { text: `Removed:\n${textList(Object.fromEntries(cells))}`, json: { old } }
}

function isEmpty(value: PolicyValue | undefined): boolean {
  return value === undefined || value === null || value === ''
}

function cellOf(value: PolicyValue | undefined): Cell {
  if (typeof value === 'object' && value !== null) return cellOfList(value)
  return isEmpty(value) ? undefined : (value as Cell)
}

function cellOfList(list: readonly unknown[]): Cell {
  if (list.length === 0) return '{}'
  return list.some((item) => typeof item === 'object') ? JSON.stringify(list) : list.join(',')
}
