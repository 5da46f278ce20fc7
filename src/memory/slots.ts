import type { Slot, SlotEnds } from '../core/slot.ts'
import { type Subject, subjectName } from '../core/subject.ts'

/** A slot that ended is forgotten no sooner, in case the clock is set back a little. */
const keptAfterEndMs = 60_000

/** The slots that reservations of one partition hold, by the counter of their cap. */
export class Slots {
  readonly #ends = new Map<string, Map<string, number>>()

  of(subject: Subject, key: string): SlotEnds | undefined {
    return this.#ends.get(nameOf(subject, key))
  }

  /** Held by `id` until `nowMs` + the slot's time; one held already is renewed. */
  hold(id: string, slot: Slot, nowMs: number): void {
    const name = nameOf(slot.subject, slot.key)
    let ends = this.#ends.get(name)
    if (ends === undefined) {
      ends = new Map()
      this.#ends.set(name, ends)
    }
    ends.set(id, nowMs + slot.slotMs)
  }

  free(id: string, slot: Slot): void {
    const name = nameOf(slot.subject, slot.key)
    const ends = this.#ends.get(name)
    ends?.delete(id)
    if (ends?.size === 0) this.#ends.delete(name)
  }

  /** Forgets what ended a while ago. */
  sweep(nowMs: number): void {
    for (const [name, ends] of this.#ends) {
      for (const [id, endsAtMs] of ends) if (nowMs >= endsAtMs + keptAfterEndMs) ends.delete(id)
      if (ends.size === 0) this.#ends.delete(name)
    }
  }
}

function nameOf(subject: Subject, key: string): string {
  return `${key} ${subjectName(subject)}`
}
