import type { PolicySnapshot } from '../policy/snapshot.ts'

/** As a rate on packages has it by default, so that adding one changes nothing. */
const byDefaultMs = 3_000

/** The longest that any rate in force lets a request be held before its Check is answered. */
export function holdMsMaxOf(snapshot: PolicySnapshot | undefined): number {
  let longestMs = byDefaultMs
  for (const { paceMsMax = 0 } of snapshot?.state.tables.limit_rule.inForce.values() ?? []) {
    longestMs = Math.max(longestMs, paceMsMax)
  }
  return longestMs
}
