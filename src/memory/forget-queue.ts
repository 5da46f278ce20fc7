interface Due {
  readonly partition: number
  readonly id: string
}

/** Remembers, by the second, which records can be forgotten, so that nobody ever has to look through all of them. */
export class ForgetQueue {
  readonly #bySecond = new Map<number, Due[]>()
  #sweptSecond = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(forgetAtMs: number, due: Due): void {
    this.#size += 1
    const second = Math.floor(forgetAtMs / 1_000) + 1
    const list = this.#bySecond.get(second)
    if (list === undefined) this.#bySecond.set(second, [due])
    else list.push(due)
  }

  /** What is due by now. Answers undefined, at the price of a comparison, when this second was already asked for. */
  due(nowMs: number): readonly Due[] | undefined {
    const second = Math.floor(nowMs / 1_000)
    if (second === this.#sweptSecond) return undefined
    this.#sweptSecond = second
    const due: Due[] = []
    for (const [at, list] of this.#bySecond) {
      if (at > second) continue
      for (const entry of list) due.push(entry)
      this.#bySecond.delete(at)
    }
    this.#size -= due.length
    return due
  }

  /** What is due next, taken out before its time; undefined when nothing waits. At most one second for each of the next hour to look at. */
  takeFirst(): readonly Due[] | undefined {
    const first = this.#bySecond.keys().reduce((left, right) => Math.min(left, right), Number.POSITIVE_INFINITY)
    const due = this.#bySecond.get(first)
    if (due === undefined) return undefined
    this.#bySecond.delete(first)
    this.#size -= due.length
    return due
  }
}
