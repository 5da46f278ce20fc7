/** How long the store is left alone after a failure, and how many failures that are not time-outs open it. */
const openMs = 100
const failuresMax = 3

/**
 * Spares callers the wait for a store that does not answer: opens after one time-out or three failures in a row, for 100 ms; then lets one
 * caller through as a probe, the others still fail at once. Any answer closes it.
 */
export class Breaker {
  #failures = 0
  #openedAtMs: number | undefined
  #probing = false

  get isOpen(): boolean {
    return this.#openedAtMs !== undefined
  }

  /** True when a call may be made; its outcome must be told by `succeeded` or `failed`. */
  admits(nowMs: number): boolean {
    if (this.#openedAtMs === undefined) return true
    const sinceMs = nowMs - this.#openedAtMs
    // A clock that was set back must not hold it open.
    if (this.#probing || (sinceMs >= 0 && sinceMs < openMs)) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#openedAtMs = undefined
    this.#probing = false
  }

  failed(nowMs: number, how: { readonly timedOut: boolean }): void {
    this.#failures += 1
    const wasProbe = this.#probing
    this.#probing = false
    if (wasProbe || how.timedOut || this.#failures >= failuresMax) this.#openedAtMs = nowMs
  }
}
