const firstMs = 50
const longestMs = 5_000

/** How long to wait after so many failures in a row: 50 ms after none or one, doubling, at most 5 s. */
export function waitMs(failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures - 1, 0), 10))
}

/** The message of a fault, and of what caused it where that is not in it, for logs. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${error.message}: ${error.cause.message}`
    : error.message
}
