import { counterKey } from './counter-key.ts'
import type { ConcurrencyLine, Line } from './limit.ts'
import type { LineState } from './spend.ts'
import type { Subject } from './subject.ts'

/** A place under an in-flight cap that one reservation holds: until its end is reported, at most `slotMs` after it was last heard of. */
export interface Slot {
  readonly subject: Subject
  /** Of the cap's counter, inside its subject. */
  readonly key: string
  readonly slotMs: number
}

/** When the slots of one counter end, by reservation id. One past its time is as if it had never been. */
export type SlotEnds = ReadonlyMap<string, number>

/** What a cap says: how many slots are held and, when it does not fit, how long until so many end by themselves that it does. */
export function lookAtSlots(line: ConcurrencyLine, ends: SlotEnds | undefined, nowMs: number): LineState {
  const held: number[] = []
  for (const endsAtMs of ends?.values() ?? []) if (endsAtMs > nowMs) held.push(endsAtMs)
  const fits = line.hits === 0 || held.length < line.amount
  return { kind: 'concurrency', held: held.length, fits, retryAfterMs: fits ? 0 : slotWaitMs(line, held, nowMs) }
}

function slotWaitMs(line: ConcurrencyLine, held: number[], nowMs: number): number | 'never' {
  if (line.amount <= 0) return 'never'
  held.sort((left, right) => left - right)
  const endsAtMs = held[held.length - line.amount]
  return endsAtMs === undefined ? 0 : endsAtMs - nowMs
}

/** The slots that a spend of these lines takes, each counter's once, in the order of the lines; those that only look take none. */
export function slotsTaken(lines: readonly Line[]): readonly Slot[] {
  let slots: Slot[] | undefined
  for (const line of lines) {
    if (line.kind !== 'concurrency' || line.hits === 0) continue
    slots ??= []
    const { subject, slotMs } = line
    const slot = { subject, key: counterKey(line), slotMs }
    const index = slots.findIndex((other) => isSameCounter(other, slot))
    const other = slots[index]
    if (other === undefined) slots.push(slot)
    else if (other.slotMs < slotMs) slots[index] = slot
  }
  return slots ?? none
}

const none: readonly Slot[] = []

function isSameCounter(left: Slot, right: Slot): boolean {
  return left.key === right.key && left.subject.kind === right.subject.kind && left.subject.id === right.subject.id
}
