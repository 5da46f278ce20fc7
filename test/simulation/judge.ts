import type { Report } from '../../src/core/charge.ts'
import type { Line, QuotaLine, RateLine } from '../../src/core/limit.ts'
import { type Amounts, bookedQuantities, largerOf, noAmounts } from '../../src/core/quantity.ts'
import type { SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import { subjectName } from '../../src/core/subject.ts'
import type { Ticket } from '../../src/core/ticket.ts'
import { holds } from '../../src/core/time-range.ts'
import { RateBound } from './rate-bound.ts'
import type { SimRequest } from './request.ts'
import type { StorePartition } from './store-partition.ts'
import type { StoreEvents } from './store-server.ts'

/** What a store said of one reservation in one partition, kept apart from the store. */
export interface Told {
  readonly partition: number
  booked: Amounts
  state: 'open' | 'final'
  /** A life of the store has ended since, and took with it what was told here. */
  isForgotten: boolean
  /** It was given back, and the store has not forgotten that. */
  isRefunded: boolean
  /** A report found no record: until a seed the counters do not know of it. */
  isUnrecorded: boolean
}

/** A reservation as whoever asked for it knows it. */
export interface Reservation {
  readonly id: string
  /** Whom it let through; undefined: nobody. */
  request: SimRequest | undefined
  /** The partitions in which it is to be booked. */
  partitions: readonly number[]
  spend: SpendRequest | undefined
  estimate: Amounts
  at: number
  /** A process let it pass by its posture while the store did not answer, and booked it at its estimate. */
  isOfAway: boolean
  /** A refund was carried out although there was nothing to give back yet. */
  isGivenBack: boolean
  readonly told: Map<number, Told>
}

export interface Violation {
  readonly rule: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'rest' | 'crash'
  readonly what: string
}

/** Watches every step of the store and holds it against what was promised; the end of a run is judged in `verdict.ts`. */
export class Judge implements StoreEvents {
  readonly reservations = new Map<string, Reservation>()
  readonly violations: Violation[] = []
  readonly #rates = new RateBound()
  readonly #trace: (who: string, what: string) => void
  readonly #partitionOf: (number: number) => StorePartition
  readonly #onDoubt: () => void
  admissions = 0

  constructor(parts: {
    readonly trace: (who: string, what: string) => void
    readonly partitionOf: (number: number) => StorePartition
    readonly onDoubt: () => void
  }) {
    this.#trace = parts.trace
    this.#onDoubt = parts.onDoubt
    this.#partitionOf = parts.partitionOf
  }

  accuse(rule: Violation['rule'], what: string): void {
    this.#trace('judge', `${rule}: ${what}`)
    if (this.violations.length < 20) this.violations.push({ rule, what })
  }

  delivered(request: SimRequest, ticket: Ticket): void {
    const reservation = this.#of(ticket.id)
    if (reservation.request !== undefined) this.accuse('I1', `${ticket.id} let two requests through`)
    reservation.request = request
    reservation.partitions = ticket.partitions.map(({ partition }) => partition)
    reservation.estimate = ticket.estimate
    // One that passed while the store was silent carries its process's time; where the store took it after all, the store's stands.
    if (reservation.spend === undefined) reservation.at = ticket.at
  }

  spent(request: SpendRequest, answer: SpendAnswer & { readonly kind: 'taken' }): void {
    const reservation = this.#of(request.id)
    if (reservation.isGivenBack) this.accuse('I1', `${request.id} is taken after it was given back`)
    reservation.spend = request
    reservation.at = answer.at
    reservation.estimate = request.estimate
    for (const { partition } of answer.epochs) {
      const told: Told = {
        partition,
        booked: request.estimate,
        state: 'open',
        isForgotten: false,
        isRefunded: false,
        isUnrecorded: false,
      }
      reservation.told.set(partition, told)
    }
    this.admissions += 1
    this.#trace(
      'store',
      `takes ${request.id} of ${request.meta.account} at ${answer.at % 1e7}, ${amountsText(request.estimate)}`,
    )
    for (const [index, line] of request.lines.entries()) {
      if (!line.enforced || answer.states[index]?.kind === 'cold') continue
      if (line.kind === 'quota' && line.hits > 0) this.#checkQuota(line, answer.at)
      if (line.kind === 'concurrency') this.#checkCap(line, answer.at)
      if (line.kind === 'rate' && line.hits > 0) this.#checkRate(line, request.id, answer)
    }
  }

  reported(report: Report, partition: number, answer: 'booked' | 'unrecorded'): void {
    this.#trace('store', `${report.id}: ${report.state} ${amountsText(report.amounts)} in ${partition}, ${answer}`)
    const reservation = this.#of(report.id)
    if (report.outcome === 'unknown') {
      reservation.isOfAway = true
      reservation.estimate = report.amounts
    }
    let told = reservation.told.get(partition)
    if (told === undefined) {
      if (report.notAfterMs !== undefined) reservation.isGivenBack = true
      if (report.notAfterMs !== undefined) return
      told = {
        partition,
        booked: report.amounts,
        state: 'open',
        isForgotten: false,
        isRefunded: false,
        isUnrecorded: true,
      }
      reservation.told.set(partition, told)
    }
    if (answer === 'unrecorded') told.isUnrecorded = true
    if (report.state === 'open') {
      if (told.state === 'open') told.booked = largerOf(told.booked, report.amounts)
    } else {
      told.booked = told.state === 'final' ? largerOf(told.booked, report.amounts) : report.amounts
      told.state = 'final'
      told.isForgotten = false
      told.isRefunded = report.notAfterMs !== undefined
      this.#checkSlots(report.id, partition)
    }
  }

  expired(id: string, partition: number): void {
    const record = this.#partitionOf(partition).records.get(id)
    this.#trace('store', `${id} expires in ${partition}${record && record.booked.requests === 0 ? ', released' : ''}`)
    const told = this.reservations.get(id)?.told.get(partition)
    if (told !== undefined && record !== undefined && told.state === 'open') told.booked = record.booked
    this.#checkSlots(id, partition)
  }

  doubted(): void {
    this.#onDoubt()
  }

  clamped(by: string): void {
    this.accuse('I5', `a counter would have gone below 0 by a ${by}`)
  }

  forgot(after: readonly StorePartition[], before: readonly StorePartition[]): void {
    for (const old of before) {
      const now = after.find(({ number }) => number === old.number)
      this.#trace('store', `partition ${old.number} begins epoch ${now?.epoch}`)
      const kept = new Set(now?.stream.entries)
      const lost = new Set(old.stream.entries.flatMap((appended) => (kept.has(appended) ? [] : appended.entry.id)))
      for (const reservation of this.reservations.values()) {
        const told = reservation.told.get(old.number)
        if (told === undefined) continue
        const { id } = reservation
        if (!lost.has(id) && old.records.get(id) === now?.records.get(id)) continue
        told.isForgotten = true
        told.isRefunded = false
      }
    }
  }

  #of(id: string): Reservation {
    let reservation = this.reservations.get(id)
    if (reservation === undefined) {
      const nobody = { request: undefined, partitions: [], spend: undefined }
      reservation = { id, ...nobody, estimate: noAmounts, at: 0, isOfAway: false, isGivenBack: false, told: new Map() }
      this.reservations.set(id, reservation)
    }
    return reservation
  }

  /** The bound: what was let through in the window, each at the smaller of estimate and what is booked, stays inside the amount in force. */
  #checkQuota(line: QuotaLine, at: number): void {
    const window = holds(line.current, at) ? line.current : line.next
    const name = subjectName(line.subject)
    let sum = 0
    for (const { spend, at: takenAt, told } of this.reservations.values()) {
      if (spend === undefined || !holds(window, takenAt)) continue
      const here = told.get(partitionIn(spend, line, name) ?? -1)
      if (here === undefined || here.isForgotten || here.isUnrecorded) continue
      sum += here.booked[line.quantity]
    }
    if (sum > line.amount)
      this.accuse('I3', `${name} has ${sum} ${line.quantity} in a ${line.window} of ${line.amount} (${line.limit})`)
  }

  #checkCap(line: Line & { readonly kind: 'concurrency' }, at: number): void {
    const name = subjectName(line.subject)
    let held = 0
    for (const { id, spend, told } of this.reservations.values()) {
      const here = told.get(line.subject.partition)
      if (here === undefined || spend === undefined || here.state === 'final' || here.isForgotten) continue
      const record = this.#partitionOf(line.subject.partition).records.get(id)
      const isHeld = record?.slots.some((slot) => subjectName(slot.subject) === name)
      const isOpen =
        record?.epoch === this.#partitionOf(line.subject.partition).epoch && record.forgetAtMs === undefined
      if (isHeld && isOpen && record.at + line.slotMs > at) held += 1
    }
    if (held > line.amount) this.accuse('I3', `${name} holds ${held} slots of ${line.amount}`)
  }

  #checkRate(line: RateLine, id: string, { at, epochs }: SpendAnswer & { readonly kind: 'taken' }): void {
    const epoch = epochs.find(({ partition }) => partition === line.subject.partition)?.epoch ?? ''
    const isGivenBack = (earlier: string): boolean =>
      [...(this.reservations.get(earlier)?.told.values() ?? [])].some(({ isRefunded }) => isRefunded)
    const over = this.#rates.over(line, { id, at, epoch }, isGivenBack)
    if (over > 0) this.accuse('I3', `${subjectName(line.subject)} is ${over} hits over ${line.limit}`)
  }

  /** A reservation that was decided holds no slot any more. */
  #checkSlots(id: string, number: number): void {
    const partition = this.#partitionOf(number)
    const record = partition.records.get(id)
    for (const { subject, key } of record?.slots ?? []) {
      if (partition.slots.of(subject, key)?.has(id)) this.accuse('I4', `${id} is over and still holds a slot`)
    }
  }
}

/** Where a spend counts for the subject of a line, by name alone; undefined: it does not. */
function partitionIn(spend: SpendRequest, line: QuotaLine, name: string): number | undefined {
  if (line.surface !== 'any' && line.surface !== spend.surface) return undefined
  return spend.subjects.find((subject) => subjectName(subject) === name)?.partition
}

export function amountsText(amounts: Amounts): string {
  return bookedQuantities.map((quantity) => amounts[quantity]).join('/')
}

export function isNothing(amounts: Amounts): boolean {
  return bookedQuantities.every((quantity) => amounts[quantity] === noAmounts[quantity])
}
