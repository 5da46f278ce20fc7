import { Fault } from '../core/fault.ts'

const countDefault = 50
const countMax = 500

/** How many rows a page has: 50 when nobody says. Throws a `Fault` of code `not_valid` above 500 or below 1. */
export function countOf(wished: number | undefined): number {
  if (wished === undefined) return countDefault
  if (!Number.isInteger(wished) || wished < 1 || wished > countMax)
    throw new Fault('not_valid', `A page has 1 to ${countMax} rows, not ${wished}`)
  return wished
}
