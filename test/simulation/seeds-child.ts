// Runs seeds in a process of its own, because virtual timers take the place of the platform's: `seeds-child.ts '{"from":1,"count":100}'`.
import { runSeed } from './run-seed.ts'
import type { Mishap } from './scenario.ts'

interface Orders {
  readonly from: number
  readonly count: number
  /** Every how many seeds one is dense; 0 = none. */
  readonly denseEvery?: number
  readonly stress?: readonly Mishap[]
  readonly trace?: boolean
  /** Ends at the first seed that fails. */
  readonly stopAtFirst?: boolean
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders
const { from, count, denseEvery = 0, stress, trace = false, stopAtFirst = false } = orders
const totals = { seeds: 0, requests: 0, admissions: 0, steps: 0, failed: 0 }
const failuresShown = 20
const progressEvery = 5_000
if (!trace) Error.stackTraceLimit = 3

for (let seed = from; seed < from + count; seed += 1) {
  const isDense = denseEvery > 0 && seed % denseEvery === 0
  const result = await runSeed(seed, { isDense, stress, ...(trace && { trace: (line: string) => console.log(line) }) })
  totals.seeds += 1
  totals.requests += result.requests
  totals.admissions += result.admissions
  totals.steps += result.steps
  if (totals.seeds % progressEvery === 0) console.log(JSON.stringify({ progress: totals }))
  if (result.violations.length === 0) continue
  totals.failed += 1
  if (totals.failed <= failuresShown)
    console.log(JSON.stringify({ failed: { seed, isDense, violations: result.violations } }))
  if (stopAtFirst) break
}
console.log(JSON.stringify({ totals }))
