/** Something that can be killed: what it planned never happens. */
export interface Owner {
  readonly name: string
  alive: boolean
}

interface Planned {
  readonly atMs: number
  readonly order: number
  readonly owner: Owner
  run: (() => void) | undefined
}

const realImmediate = setImmediate
const stepsPerTurn = 512
const stepsMax = 400_000

/**
 * Virtual time and the only source of order: every step runs to the end of its microtasks before the next one begins, because Node drains
 * them between two immediates. Timers that the code under test sets through the platform become steps of whoever set them, and die with it.
 */
export class Scheduler {
  nowMs: number
  /** Whose step runs: what it plans is its own. */
  owner: Owner = { name: 'world', alive: true }
  steps = 0
  #heap: Planned[] = []
  #order = 0
  #failure: unknown

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  after(delayMs: number, owner: Owner, run: () => void): Planned {
    this.#order += 1
    const planned = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order, owner, run }
    push(this.#heap, planned)
    return planned
  }

  cancel(planned: Planned): void {
    planned.run = undefined
  }

  /** Runs until nothing is planned at or before `untilMs`; time then stands there. */
  runUntil(untilMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let isOver = false
    const step = (): void => {
      if (isOver) return
      if (this.#failure === undefined && this.#step(untilMs)) return
      isOver = true
      if (this.#failure === undefined) resolve()
      else reject(this.#failure)
    }
    const turn = (): void => {
      if (isOver) return
      for (let count = 0; count < stepsPerTurn; count += 1) realImmediate(step)
      realImmediate(turn)
    }
    turn()
    return promise
  }

  /** Ends the run with this as its error. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  #step(untilMs: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs)
      return false
    }
    pop(this.#heap)
    this.nowMs = next.atMs
    if (next.run === undefined || !next.owner.alive) return true
    this.steps += 1
    if (this.steps > stepsMax) throw this.#tooLong()
    this.owner = next.owner
    try {
      next.run()
    } catch (error) {
      this.fail(error)
    }
    return true
  }

  #tooLong(): Error {
    const error = new Error(`The world did not come to rest within ${stepsMax} steps`)
    this.fail(error)
    return error
  }
}

interface Timer {
  readonly cancel: () => void
  readonly ref: () => Timer
  readonly unref: () => Timer
  readonly hasRef: () => boolean
}

/** Puts the scheduler in the place of the platform's timers and clock; answers how to put them back. */
export function installTimers(scheduler: Scheduler): () => void {
  const kept = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now }
  const start =
    (every: boolean) =>
    (run: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => {
      const { owner } = scheduler
      const wait = Math.max(1, delayMs ?? 1)
      let planned: Planned
      const again = (): void => {
        if (every) planned = scheduler.after(wait, owner, again)
        run(...args)
      }
      planned = scheduler.after(wait, owner, again)
      const timer: Timer = {
        cancel: () => scheduler.cancel(planned),
        ref: () => timer,
        unref: () => timer,
        hasRef: () => true,
      }
      return timer
    }
  const stop = (timer: Timer | undefined): void => timer?.cancel()
  Object.assign(globalThis, {
    setTimeout: start(false),
    setInterval: start(true),
    clearTimeout: stop,
    clearInterval: stop,
  })
  Date.now = () => Math.floor(scheduler.nowMs)
  return () => {
    const { now, ...timers } = kept
    Object.assign(globalThis, timers)
    Date.now = now
  }
}

function isBefore(left: Planned, right: Planned): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
}

function push(heap: Planned[], item: Planned): void {
  let place = heap.push(item) - 1
  while (place > 0) {
    const parent = (place - 1) >> 1
    const above = heap[parent]
    if (above === undefined || !isBefore(item, above)) break
    heap[place] = above
    place = parent
  }
  heap[place] = item
}

function pop(heap: Planned[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let place = 0
  for (;;) {
    let child = 2 * place + 1
    let item = heap[child]
    const right = heap[child + 1]
    if (item !== undefined && right !== undefined && isBefore(right, item)) {
      child += 1
      item = right
    }
    if (item === undefined || !isBefore(item, last)) break
    heap[place] = item
    place = child
  }
  heap[place] = last
}
