/** Between two log entries of a request that goes on; a slot of a concurrency limit is renewed by each. */
export const logEveryMs = 3_000
/** How long a log entry may wait in Envoy before it is sent. */
export const logBufferMs = 250

/** As Envoy's configuration writes a duration. */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`
}
