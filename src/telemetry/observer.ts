/** What rooms tell the outside about themselves; `main.ts` hands in one that logs and counts. Rooms use only these types. */
export interface Observer {
  /** A counter, by its metric name without prefix (`checks_total`) and bounded labels. */
  count(metric: string, labels?: Readonly<Record<string, string>>, by?: number): void
  /**
   * The same counter with its labels looked up once, for a road where every microsecond counts; call what it answers with how many. Labels
   * whose values come at run time are bounded by the metric: what is beyond the bound is told as `other`.
   */
  counter(metric: string, labels?: Readonly<Record<string, string>>): (by: number) => void
  /** A duration in seconds, into a histogram. */
  time(metric: string, seconds: number, labels?: Readonly<Record<string, string>>): void
  /** A gauge. */
  set(metric: string, value: number, labels?: Readonly<Record<string, string>>): void
  info(event: string, details?: Readonly<Record<string, unknown>>): void
  warn(event: string, details?: Readonly<Record<string, unknown>>): void
}

/** Says nothing: for tests and tools. */
export const silentObserver: Observer = {
  count() {},
  counter: () => () => undefined,
  time() {},
  set() {},
  info() {},
  warn() {},
}
