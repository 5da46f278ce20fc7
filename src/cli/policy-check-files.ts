import { Fault } from '../core/fault.ts'
import type { SourceFile } from '../policy/import-ports.ts'
import { createFaults, type Faults, faultLine } from '../policy/imports/import-fault.ts'
import { readLimitador, readRatelimit } from '../policy/imports/import-limits.ts'
import { innerStarsOf } from '../policy/imports/inner-stars.ts'
import type { Wanted } from '../policy/imports/plan-import.ts'
import type { Result } from './output.ts'
import { shownStars } from './shown-import.ts'

export interface CheckWish {
  readonly files: readonly SourceFile[]
  readonly format: string
  /** Only of envoyproxy/ratelimit's: what cannot be as it is there is wrong too. */
  readonly isAsReference: boolean
}

const readers: Readonly<Record<string, (wish: CheckWish, faults: Faults) => Wanted>> = {
  ratelimit: (wish, faults) => readRatelimit({ ...wish, isWhole: false }, faults),
  limitador: ({ files }, faults) => readLimitador({ files, isWhole: false }, faults),
}

/** The formats of files that can be checked. */
export const checkedFormats = Object.keys(readers)

/** What is wrong with files that are to be imported; no database is asked. `isGood` false: something is. */
export function checkFiles(wish: CheckWish): Result & { readonly isGood: boolean } {
  const { files, format } = wish
  const read = readers[format]
  if (read === undefined) throw new Fault('not_valid', `There is no format ${format}`)
  if (wish.isAsReference && format !== 'ratelimit')
    throw new Fault('not_valid', '--as-reference is for files of ratelimit')
  const faults = createFaults()
  const { domains, rows } = read(wish, faults)
  const innerStars = innerStarsOf(rows)
  const isGood = faults.count === 0
  const found = [counted(files.length, 'file'), counted(domains.length, 'domain'), counted(rows.length, 'limit')]
  const good = `${found.join(', ')}: nothing is wrong\n${shownStars(innerStars)}`
  const text = isGood
    ? good
    : faults
        .list()
        .map((fault) => `${faultLine(fault)}\n`)
        .join('')
  const json = { files: files.length, domains, limits: rows.length, inner_stars: innerStars, faults: faults.list() }
  return { text, isGood, json }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
