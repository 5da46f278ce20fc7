/** How long and how often, by the variables that `npm run test:long` sets; short without them. */
function numberOf(name: string, otherwise: number): number {
  const text = process.env[name]
  const value = text === undefined ? otherwise : Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a number above 0, is ${text}`)
  return value
}

/** Kills at each fail point. */
export const killsPerPoint = numberOf('OUTAGE_KILLS', 3)
/** Rounds of everything else that breaks. */
export const spoilRounds = numberOf('OUTAGE_ROUNDS', 1)
/** How long Redis stands still. */
export const frozenMs = numberOf('OUTAGE_FROZEN_MS', 2_000)
/** How long PostgreSQL is away. */
export const goneMs = numberOf('OUTAGE_GONE_MS', 5_000)
/** How long a Check may take; longer than the default, because the machine may be busy with other tests. */
export const checkMsMax = numberOf('OUTAGE_CHECK_MS', 800)
/** One real file, in bytes. */
export const largeBytes = numberOf('OUTAGE_LARGE_BYTES', 40_000_000)
/** Repeats what was random. */
export const seedOfRun = numberOf('OUTAGE_SEED', 1 + (Date.now() % 1_000_000))
