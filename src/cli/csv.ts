/** A text, or a number as text that stays one. */
export type CsvCell = string | { readonly number: string }

/**
 * RFC 4180: cells between commas, lines ended by CRLF, the first one names the columns. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front; numbers are written as they are.
 */
export function csv(lines: readonly (readonly CsvCell[])[]): string {
  return lines.map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('')
}

/** What begins a formula in Excel, LibreOffice or Google Sheets, in wide form too. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/

function cellText(cell: CsvCell): string {
  if (typeof cell !== 'string') return quoted(cell.number)
  return quoted(formula.test(cell) ? `'${cell}` : cell)
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
