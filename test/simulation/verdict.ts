import { type Amounts, bookedQuantities, largerOf } from '../../src/core/quantity.ts'
import type { QuotaCounter, WindowUse } from '../../src/core/quota-counter.ts'
import { type Subject, subjectName } from '../../src/core/subject.ts'
import { ledgerRow } from '../../src/postgres/ledger-row.ts'
import { type AskedCounter, type BookedRow, type Books, type EntryRow, mergeBatch, summedUp } from './booking.ts'
import type { SimDatabase } from './database.ts'
import { amountsText, isNothing, type Judge, type Reservation, type Told } from './judge.ts'
import type { StorePartition } from './store-partition.ts'
import type { StoreServer } from './store-server.ts'

export interface End {
  readonly judge: Judge
  readonly server: StoreServer
  readonly database: SimDatabase
  /** Reports that wait on any disk. */
  readonly spooled: number
  /** When something went wrong that may cost a log entry or an answer. */
  readonly troubles: readonly number[]
}

/** As long as a vanished process is suspected to hold log entries, and the time until that is noticed. */
const suspectedMs = 25_000

/** Counters against books at any instant: every warm counter says what the ledger will say once it has read on. */
export function judgeCounters(judge: Judge, server: StoreServer, database: SimDatabase): void {
  for (const partition of server.partitions.values()) {
    const books = readOn(database.books(partition.number), partition)
    const pending = partition.pending()
    if (pending.some(({ epoch }) => epoch !== partition.epoch)) continue
    for (const [name, { subject, state }] of partition.subjects) {
      if (state.epoch !== partition.epoch || partition.stale.has(name)) continue
      for (const counter of state.quotas) {
        for (const use of [counter.current, counter.previous]) {
          if (use === undefined) continue
          const due = dueOf({ partition, books, pending }, { subject, counter, use })
          if (due !== use.used) judge.accuse('I2', `${name} has ${use.used} ${counter.key}, the books come to ${due}`)
        }
      }
    }
  }
}

/** After everything drained: exactly once, nothing left over, at rest. */
export function judgeEnd(end: End): void {
  const { judge, server, database } = end
  judgeCounters(judge, server, database)
  judgeKept(judge, database)
  for (const reservation of judge.reservations.values()) {
    for (const number of new Set([...reservation.partitions, ...reservation.told.keys()])) {
      judgeReservation(end, reservation, number)
    }
  }
  for (const partition of server.partitions.values()) judgeRest(judge, partition, database)
  if (end.spooled > 0) judge.accuse('rest', `${end.spooled} reports still wait on disks`)
  if (database.steppedBack > 0) judge.accuse('I2', `a checkpoint went back ${database.steppedBack} times`)
  if (database.clamps > 0) judge.accuse('I5', `the ledger clamped ${database.clamps} counters at 0`)
}

/** Nothing is owed any more: by the store to the stream, by the stream to the books, by the books to the store. */
export function isAtRest(server: StoreServer, database: SimDatabase): boolean {
  return [...server.partitions.values()].every(
    (partition) => partition.pending().length === 0 && partition.stale.size === 0 && isRead(partition, database),
  )
}

function isRead({ number, stream }: StorePartition, database: SimDatabase): boolean {
  const { checkpoint } = database.books(number)
  const isBehind = checkpoint === null || stream.isBehind(checkpoint && { partition: number, ...checkpoint })
  return !isBehind || stream.entries.length === 0
}

function judgeRest(judge: Judge, partition: StorePartition, database: SimDatabase): void {
  const { number } = partition
  for (const { id } of partition.pending()) judge.accuse('I4', `${id} is still pending in ${number}`)
  if (partition.stale.size > 0) judge.accuse('rest', `${[...partition.stale.keys()].join()} stay stale in ${number}`)
  if (!isRead(partition, database)) judge.accuse('rest', `the ledger has not read partition ${number} to its end`)
}

function judgeKept(judge: Judge, database: SimDatabase): void {
  for (const number of database.partitions()) {
    const books = database.books(number)
    for (const kept of books.kept.values()) {
      const due = summedUp(books, kept.subject, kept)
      if (kept.used !== due)
        judge.accuse('I2', `the books keep ${kept.used} for ${kept.subject}, their entries are ${due}`)
    }
  }
}

function judgeReservation(end: End, reservation: Reservation, number: number): void {
  const { id, request } = reservation
  const row = rowOf(end.database.books(number), id)
  const wrong = wrongWith(end, reservation, { told: reservation.told.get(number), row })
  if (wrong === undefined) return
  const booked = row === undefined ? 'not booked' : `booked ${row.state} at ${amountsText(amountsOf(row))}`
  end.judge.accuse('I1', `${id} (${request?.name ?? 'nobody'}) in ${number} is ${booked}: ${wrong}`)
}

/** What is wrong with how one reservation stands in the books; undefined when it is as promised. */
function wrongWith(
  end: End,
  { request, estimate, at, isOfAway }: Reservation,
  { told, row }: { readonly told: Told | undefined; readonly row: BookedRow | undefined },
): string | undefined {
  const isTroubled = end.troubles.some((troubleMs) => troubleMs > at - suspectedMs)
  if (request?.truth === undefined) {
    if (row === undefined || isNothing(amountsOf(row))) return undefined
    const isAtEstimate = row.state === 'open' && isSame(amountsOf(row), estimate)
    if (told?.isRefunded) return 'it was given back'
    return isAtEstimate && (isTroubled || isOfAway) ? undefined : 'it let nobody through'
  }
  const { truth, lastEntry } = request
  if (row === undefined && (told === undefined ? isTroubled && lastEntry !== 'kept' : told.isForgotten))
    return undefined
  if (row?.state === 'final') return isSame(amountsOf(row), truth) ? undefined : `it is ${amountsText(truth)}`
  if (lastEntry === 'kept' && told?.isForgotten !== true) return `it was reported as ${amountsText(truth)}`
  if (row === undefined) return `it was delivered, ${amountsText(truth)}`
  const most = largerOf(estimate, truth)
  const isBetween = bookedQuantities.every(
    (name) => amountsOf(row)[name] >= estimate[name] && amountsOf(row)[name] <= most[name],
  )
  return isBetween ? undefined : `it was estimated at ${amountsText(estimate)}`
}

function rowOf(books: Books, id: string): BookedRow | undefined {
  for (const row of books.rows.values()) if (row.id === id) return row
  return undefined
}

function amountsOf(row: BookedRow): Amounts {
  return { requests: row.requests, credits: row.credits_milli, bytes: row.bytes, gpu_ms: row.gpu_ms }
}

function isSame(left: Amounts, right: Amounts): boolean {
  return bookedQuantities.every((quantity) => left[quantity] === right[quantity])
}

/** The books as they will be once all of the stream is read. */
function readOn(books: Books, partition: StorePartition): Books {
  const rows = partition.stream.entries.flatMap(({ entry }) => ledgerRow(entry) ?? [])
  const ahead: Books = { rows: new Map(books.rows), kept: new Map() }
  mergeBatch(ahead, rows as unknown as EntryRow[])
  return ahead
}

function dueOf(
  from: {
    readonly partition: StorePartition
    readonly books: Books
    readonly pending: ReturnType<StorePartition['pending']>
  },
  of: { readonly subject: Subject; readonly counter: QuotaCounter; readonly use: WindowUse },
): number {
  const { counter, use } = of
  const name = subjectName(of.subject)
  const asked: AskedCounter = {
    ...{
      surface: counter.surface,
      quantity: counter.quantity,
      window_kind: counter.window,
      time_zone: counter.timeZone,
    },
    start_at: new Date(use.startMs).toISOString(),
    end_at: new Date(use.endMs).toISOString(),
  }
  let due = summedUp(from.books, name, asked)
  for (const record of from.pending) {
    const isIn = record.at >= use.startMs && record.at < use.endMs
    const isOf = record.subjects.some((subject) => subjectName(subject) === name)
    if (!isIn || !isOf || (counter.surface !== 'any' && counter.surface !== record.surface)) continue
    due += record.booked[counter.quantity] - (record.appended?.[counter.quantity] ?? 0)
  }
  return due
}
