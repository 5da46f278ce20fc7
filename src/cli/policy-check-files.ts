import { Fault } from '../core/fault.ts'
import type { SourceFile } from '../policy/import-ports.ts'
import { createFaults, type Faults, faultLine } from '../policy/imports/import-fault.ts'
import { readLimitador, readRatelimit } from '../policy/imports/import-limits.ts'
import type { Wanted } from '../policy/imports/plan-import.ts'
import type { Result } from './output.ts'

const readers: Readonly<Record<string, (files: readonly SourceFile[], faults: Faults) => Wanted>> = {
  ratelimit: (files, faults) => readRatelimit({ files, isAsReference: false, isWhole: false }, faults),
  limitador: (files, faults) => readLimitador({ files, isWhole: false }, faults),
}

/** The formats of files that can be checked. */
export const checkedFormats = Object.keys(readers)

/** What is wrong with files that are to be imported; no database is asked. `isGood` false: something is. */
export function checkFiles(files: readonly SourceFile[], format: string): Result & { readonly isGood: boolean } {
  const read = readers[format]
  if (read === undefined) throw new Fault('not_valid', `There is no format ${format}`)
  const faults = createFaults()
  const { domains, rows } = read(files, faults)
  const isGood = faults.count === 0
  const found = [counted(files.length, 'file'), counted(domains.length, 'domain'), counted(rows.length, 'limit')]
  const good = `${found.join(', ')}: nothing is wrong\n`
  const text = isGood
    ? good
    : faults
        .list()
        .map((fault) => `${faultLine(fault)}\n`)
        .join('')
  return { text, isGood, json: { files: files.length, domains, limits: rows.length, faults: faults.list() } }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
