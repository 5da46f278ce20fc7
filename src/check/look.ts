import { Fault } from '../core/fault.ts'
import type { Line } from '../core/limit.ts'
import type { LineState } from '../core/spend.ts'
import type { Seeder, SpendStore } from './ports.ts'
import { seedCold } from './seed-cold.ts'
import { unlessAway } from './store-away.ts'

/** Lines with what the store said of them, at its time `at`. */
export interface Seen {
  readonly lines: readonly Line[]
  readonly states: readonly LineState[]
  readonly at: number
}

/** Looks at counters without taking; cold ones are seeded if that is possible in time. Undefined when the store cannot be asked. */
export type Look = (
  linesAt: (nowMs: number) => readonly Line[],
  deadline: { readonly notAfterMs: number },
) => Promise<Seen | undefined>

export function createLook({ store, seed }: { readonly store: SpendStore; readonly seed: Seeder }): Look {
  return async (linesAt, { notAfterMs }) => {
    const first = await peekInWindow(store, linesAt)
    const cold = first?.states.flatMap((state, index) => (state.kind === 'cold' ? [index] : [])) ?? []
    if (first === undefined || cold.length === 0) return first
    await seedCold({ lines: first.lines, cold, notAfterMs }, seed)
    return peekInWindow(store, linesAt)
  }
}

/** Once more with the windows of the store's own time, when the ones of our clock have passed. */
async function peekInWindow(store: SpendStore, linesAt: (nowMs: number) => readonly Line[]): Promise<Seen | undefined> {
  let nowMs = store.nowMs()
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const lines = linesAt(nowMs)
    const answer = await unlessAway(store.peek(lines))
    if (answer instanceof Fault) return undefined
    if (answer.kind === 'seen') return { lines, states: answer.states, at: answer.at }
    nowMs = answer.at
  }
  return undefined
}
