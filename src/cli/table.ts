export type Cell = string | number | boolean | undefined
export type TableRow = Readonly<Record<string, Cell>>

const columnWidthMax = 100

/**
 * Rows under the keys of the first one, aligned, two spaces apart; `nothing` when there are none. Control characters become `?`; all columns
 * but the last are cut at 100 characters.
 */
export function textTable(rows: readonly TableRow[], nothing: string): string {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return `${nothing}\n`
  const lines = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name, column) => cut(cellText(row[name]), column === names.length - 1))),
  ]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => padded(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** `name  value` lines, for one thing with many properties; absent values are left out. */
export function textList(values: TableRow): string {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)))
  return shown.map(([name, value]) => `${padded(name, width)}  ${cellText(value)}\n`).join('')
}

function cellText(cell: Cell): string {
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return String(cell ?? '-').replace(/\p{Cc}/gu, '?')
}

function cut(text: string, isLast: boolean): string {
  return isLast || widthOf(text) <= columnWidthMax ? text : `${[...text].slice(0, columnWidthMax - 1).join('')}…`
}

/** Terminal columns, not UTF-16 units: one for each character that people see, near enough for ids, times and hints. */
function widthOf(text: string): number {
  return [...text].length
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}
