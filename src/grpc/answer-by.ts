/** Kept for the way back: encoding, our event loop, Envoy's. A quarter of the time left where that is less. */
const marginMsMax = 20

/**
 * When an answer must be decided that its caller waits for until `callerMs` (Infinity: it did not say), and that may take `msMax`;
 * all in epoch ms of this machine's clock.
 */
export function answerBy(callerMs: number, nowMs: number, msMax: number): number {
  const leftMs = Math.max(Math.min(callerMs - nowMs, msMax), 0)
  return nowMs + leftMs - Math.min(marginMsMax, leftMs / 4)
}
