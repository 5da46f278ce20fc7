import { performance } from 'node:perf_hooks'

const markEveryMs = 40
const marksMax = 8

type Mark = { readonly atMs: number; readonly used: ReturnType<typeof performance.eventLoopUtilization> }

/** How much of the last moments this process's event loop was at work: who is late itself cannot say that others are. */
export class LoopLoad {
  #marks: Mark[] = []

  /** To be called whenever something is sent; costs a comparison, and a mark 25 times a second. */
  mark(): void {
    const atMs = performance.now()
    if (atMs - (this.#marks.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < markEveryMs) return
    this.#marks.push({ atMs, used: performance.eventLoopUtilization() })
    if (this.#marks.length > marksMax) this.#marks = this.#marks.slice(-marksMax)
  }

  /** The busy share, 0 to 1, of at least the last `ms` milliseconds; 1 while that is not known. */
  busyShare(ms: number): number {
    const from = performance.now() - ms
    const mark = this.#marks.findLast(({ atMs }) => atMs <= from) ?? this.#marks[0]
    return mark === undefined ? 1 : performance.eventLoopUtilization(mark.used).utilization
  }
}
