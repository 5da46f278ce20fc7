import type { Subject } from '../core/subject.ts'

/** Where requests stand in line for a slot of a concurrency cap, first come first served within this process. */
export interface SlotQueue {
  /** At the end of the subject's line. */
  enter(subject: Subject): SlotPlace
  /** A reservation of these subjects has ended: the first of each line that waits gets its turn. */
  released(subjects: readonly Subject[]): void
}

export interface SlotPlace extends Disposable {
  /** Resolves when it is worth asking for a slot again. */
  turn(): Promise<void>
}

/** What another process ends, and what ends by itself, is not told here: the first of each line asks anew so often. */
const pollMs = 50
/** Lines that are polled at once; with more of them each is polled less often. */
const pollsMax = 100

interface Waiter {
  wake: (() => void) | undefined
}

/** @param every calls back again and again until the answer is called: `setInterval` */
export function createSlotQueue(every: (callback: () => void, intervalMs: number) => () => void): SlotQueue {
  const lines = new Map<string, Set<Waiter>>()
  let stop: (() => void) | undefined
  const wakeFirst = (line: ReadonlySet<Waiter> | undefined): void => {
    for (const waiter of line ?? []) {
      if (waiter.wake === undefined) continue
      waiter.wake()
      return
    }
  }
  const poll = (): void => {
    for (const [key, line] of [...lines].slice(0, pollsMax)) {
      // To the end of the map, so that every line has its turn.
      lines.delete(key)
      lines.set(key, line)
      wakeFirst(line)
    }
  }
  const leave = (key: string, waiter: Waiter): void => {
    const line = lines.get(key)
    waiter.wake?.()
    line?.delete(waiter)
    if (line?.size === 0) lines.delete(key)
    if (lines.size > 0) return
    stop?.()
    stop = undefined
  }
  return {
    enter(subject) {
      const key = keyOf(subject)
      const waiter: Waiter = { wake: undefined }
      const line = lines.get(key)
      if (line === undefined) lines.set(key, new Set([waiter]))
      else line.add(waiter)
      stop ??= every(poll, pollMs)
      return {
        turn: () =>
          new Promise((resolve) => {
            waiter.wake = () => {
              waiter.wake = undefined
              resolve()
            }
          }),
        [Symbol.dispose]: () => leave(key, waiter),
      }
    },
    released(subjects) {
      if (lines.size === 0) return
      for (const subject of subjects) wakeFirst(lines.get(keyOf(subject)))
    },
  }
}

function keyOf({ kind, id }: Subject): string {
  return `${kind}:${id}`
}
