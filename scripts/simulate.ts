// Runs the simulation of the charge protocol for as long as wanted, or one seed with everything that happens in it. `npm run simulate`.
import { parseArgs } from 'node:util'
import { runSeed } from '../test/simulation/run-seed.ts'
import { runSeeds, wordsOf } from '../test/simulation/run-seeds.ts'

const usage = `npm run simulate -- [--seeds N] [--from S] [--dense]   runs N seeds (1000) from S (1); --dense: every second one with many requests
npm run simulate -- --seed S [--dense] [--trace]        runs one; --trace prints each step`
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    dense: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    console.error(`--${name} must be a whole number, it is ${text}\n${usage}`)
    process.exit(2)
  }
  return Number(text)
}

async function one(seed: number): Promise<boolean> {
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {}
  const { violations, ...told } = await runSeed(seed, { isDense: values.dense, ...trace })
  console.log(JSON.stringify(told))
  for (const { rule, what } of violations) console.log(`${rule}: ${what}`)
  return violations.length === 0
}

async function many(from: number, count: number): Promise<boolean> {
  const startedMs = performance.now()
  const seconds = (): string => `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`
  const { totals, failed } = await runSeeds({ from, count, denseEvery: values.dense ? 2 : 0 }, (progress) =>
    console.log(`${progress.seeds} seeds, ${progress.failed} failed, ${seconds()}`),
  )
  for (const seed of failed) console.log(wordsOf(seed))
  const { seeds, requests, admissions, steps } = totals
  console.log(
    `${seeds} seeds, ${requests} requests, ${admissions} taken, ${steps} steps, ${totals.failed} failed, ${seconds()}`,
  )
  return totals.failed === 0
}

if (values.help) console.log(usage)
else {
  const { seed } = values
  const isFine =
    seed === undefined
      ? await many(whole('from', values.from), whole('seeds', values.seeds))
      : await one(whole('seed', seed))
  process.exitCode = isFine ? 0 : 1
}
