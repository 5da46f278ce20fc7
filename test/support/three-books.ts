import type { Received } from '../outage/support/downloads.ts'

/** One row of `tollgate.usage_entry`, amounts in code units. */
export interface Booked {
  readonly file: string
  readonly id: string
  readonly isHome: boolean
  readonly state: string
  readonly outcome: string
  readonly unsettled: boolean
  readonly requests: number
  readonly creditsMilli: number
  readonly bytes: number
}

/** What the client's book says of the ledger. Each finding is a sentence with the file's name. */
export interface Audit {
  readonly delivered: number
  /** Delivered and booked not at all, or below what arrived. */
  readonly lost: readonly string[]
  /** Booked more than once, above what was sent, or though refused. */
  readonly doubled: readonly string[]
  /** Delivered or refused, and booked at its estimate because nobody could say how it ended: the loss that is stated. */
  readonly unsettled: readonly string[]
}

const findingsShown = 10

/** What is wrong, as sentences; empty when the books are right. */
export function findingsOf({ lost, doubled }: Pick<Audit, 'lost' | 'doubled'>): readonly string[] {
  const all = [...lost.map((one) => `lost: ${one}`), ...doubled.map((one) => `doubled: ${one}`)]
  return all.length <= findingsShown ? all : [...all.slice(0, findingsShown), `and ${all.length - findingsShown} more`]
}

/** 1 credit, and 1 for each MB. */
const baseMilli = 1_000
const milliPerMb = 1_000
export function costMilliOf(bytes: number): number {
  return baseMilli + Math.ceil((bytes * milliPerMb) / 1_000_000)
}

/** Holds every request of the client against the rows of its file. */
export function auditBooks(received: readonly Received[], booked: readonly Booked[]): Audit {
  const rows = Map.groupBy(booked, ({ file }) => file)
  const lost: string[] = []
  const doubled: string[] = []
  const unsettled: string[] = []
  for (const line of received) {
    const found = rows.get(line.file) ?? []
    const home = found.filter(({ isHome }) => isHome)
    const [row] = home
    const told = `${line.file} (${line.wish}, ${line.status}, ${line.bytes} of ${line.fullBytes}): ${found.map(tell).join('; ') || 'no row'}`
    if (!isDelivered(line) && found.every(isNothing)) continue
    if (home.length > 1 || found.length > 2) doubled.push(`${told}: more than once`)
    else if (found.some((other) => row !== undefined && !isSame(other, row))) lost.push(`${told}: its rows differ`)
    else if (found.length > 0 && row === undefined) lost.push(`${told}: no row that is home`)
    else if (row !== undefined && isEstimate(row)) (isCovered(line, row) ? unsettled : lost).push(told)
    else if (isBelow(line, row)) lost.push(told)
    else if (isAbove(line, row)) doubled.push(told)
  }
  for (const file of rows.keys())
    if (!received.some((line) => line.file === file)) doubled.push(`${file} was never asked for`)
  return { delivered: received.filter(isDelivered).length, lost, doubled, unsettled }
}

/** Something was sent that costs something. */
function isDelivered({ status, wish }: Received): boolean {
  return (status === 200 || status === 206) && wish !== 'head'
}

/** A refusal may leave a row that says so. */
function isNothing({ requests, creditsMilli, bytes }: Booked): boolean {
  return requests === 0 && creditsMilli === 0 && bytes === 0
}

/** Nobody could say how it ended: expired, or taken while the store was away and never reported. */
function isEstimate({ unsettled, state }: Booked): boolean {
  return unsettled || state === 'open'
}

function isBelow(line: Received, row: Booked | undefined): boolean {
  if (!isDelivered(line)) return false
  if (row === undefined || row.requests !== 1 || row.bytes < line.bytes) return true
  return row.creditsMilli < costMilliOf(line.bytes)
}

function isAbove(line: Received, row: Booked | undefined): boolean {
  if (row === undefined) return false
  if (!isDelivered(line)) return row.requests > 0 || row.creditsMilli > 0 || row.bytes > 0
  // Of a download that was left, more may have been sent than arrived.
  return row.bytes > line.fullBytes || row.creditsMilli > costMilliOf(row.bytes)
}

/** The estimate, or the bytes so far where they are more. */
function isCovered(line: Received, row: Booked): boolean {
  return !isBelow(line, row)
}

function isSame(left: Booked, right: Booked): boolean {
  return left.requests === right.requests && left.creditsMilli === right.creditsMilli && left.bytes === right.bytes
}

function tell({ id, isHome, state, outcome, unsettled, requests, creditsMilli, bytes }: Booked): string {
  return `${id} ${isHome ? 'home' : 'away'} ${state} ${outcome}${unsettled ? ' unsettled' : ''} ${requests}/${creditsMilli}/${bytes}`
}
