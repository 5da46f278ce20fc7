import type { ChargeMeta, Outcome } from '../core/charge.ts'
import type { ChargeRecord, NewEntry } from '../core/charge-record.ts'
import type { Amounts } from '../core/quantity.ts'
import type { Subject, SubjectKind, Surface } from '../core/subject.ts'

/** One line of what an in-process store must not forget. */
export type ChargeItem =
  | { readonly kind: 'reserved'; readonly partition: number; readonly record: ChargeRecord }
  | { readonly kind: 'appended'; readonly entry: NewEntry }
  /** Nothing was appended and nothing is owed. */
  | { readonly kind: 'settled'; readonly partition: number; readonly id: string }

/** An item read back: reservations as the entry that books them, open and unsettled, at their estimate. */
export type ReadItem =
  | { readonly kind: 'reserved' | 'appended'; readonly entry: NewEntry }
  | { readonly kind: 'settled'; readonly partition: number; readonly id: string }

/** Positions are the format; the number in front names it. */
const format = 1
const metaFields = [
  ...(['account', 'project', 'department', 'token', 'address', 'upstream', 'kind', 'resource', 'file'] as const),
]

type PackedSubject = readonly [SubjectKind, string, number]
type PackedCharge = readonly [
  partition: number,
  id: string,
  at: number,
  amounts: readonly [number, number, number, number],
  subjects: readonly PackedSubject[],
  surface: Surface,
  home: number,
  meta: readonly string[],
]
type Packed =
  | readonly ['r', ...PackedCharge]
  | readonly ['e', ...PackedCharge, 'open' | 'final', Outcome, unsettled: 0 | 1, onlyIfBooked: 0 | 1]
  | readonly ['s', number, string]

export function encodeItems(items: readonly ChargeItem[]): Buffer {
  return Buffer.from(JSON.stringify([format, ...items.map(packed)]), 'utf8')
}

/** Throws when the bytes are not of this format. */
export function decodeItems(bytes: Buffer): readonly ReadItem[] {
  const [found, ...items] = JSON.parse(bytes.toString('utf8')) as [number, ...Packed[]]
  if (found !== format) throw new RangeError(`A journal of charges must have format ${format}, has ${found}`)
  return items.map(unpacked)
}

function packed(item: ChargeItem): Packed {
  if (item.kind === 'settled') return ['s', item.partition, item.id]
  if (item.kind === 'reserved')
    return ['r', ...packedCharge({ ...item.record, amounts: item.record.booked }, item.partition)]
  const { entry } = item
  const flags = [entry.state, entry.outcome, entry.unsettled ? 1 : 0, entry.onlyIfBooked ? 1 : 0] as const
  return ['e', ...packedCharge(entry, entry.partition), ...flags]
}

type Charge = Pick<NewEntry, 'id' | 'at' | 'amounts' | 'subjects' | 'surface' | 'home' | 'meta'>

function packedCharge({ id, at, amounts, subjects, surface, home, meta }: Charge, partition: number): PackedCharge {
  return [
    partition,
    id,
    at,
    [amounts.requests, amounts.credits, amounts.bytes, amounts.gpu_ms],
    subjects.map(({ kind, id, partition }) => [kind, id, partition] as const),
    surface,
    home,
    metaFields.map((field) => meta[field]),
  ]
}

function unpacked(item: Packed): ReadItem {
  if (item[0] === 's') return { kind: 'settled', partition: item[1], id: item[2] }
  const [, partition, id, at, amounts, subjects, surface, home, meta] = item
  const charge = {
    ...{ epoch: '', partition, id, at, surface, home },
    amounts: amountsOf(amounts),
    subjects: subjects.map(([kind, id, partition]): Subject => ({ kind, id, partition })),
    meta: Object.fromEntries(metaFields.map((field, index) => [field, meta[index] ?? ''])) as Record<
      keyof ChargeMeta,
      string
    >,
  }
  if (item[0] === 'r') {
    const open = { state: 'open', outcome: 'unknown', unsettled: true, onlyIfBooked: false } as const
    return { kind: 'reserved', entry: { ...charge, ...open } }
  }
  const [state, outcome, unsettled, onlyIfBooked] = item.slice(9) as ['open' | 'final', Outcome, number, number]
  const how = { state, outcome, unsettled: unsettled === 1, onlyIfBooked: onlyIfBooked === 1 }
  return { kind: 'appended', entry: { ...charge, ...how } }
}

function amountsOf([requests, credits, bytes, gpu_ms]: PackedCharge[3]): Amounts {
  return { requests, credits, bytes, gpu_ms }
}
