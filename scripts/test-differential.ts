// Tollgate against the real envoyproxy/ratelimit: `npm run test:differential -- --sequences 20000 --seed 7`. Some minutes as it is.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runSequences } from '../test/differential/run.ts'
import { runFaults } from '../test/differential/run-faults.ts'
import { runLoading } from '../test/differential/run-loading.ts'
import { startReferenceSide, startTollgateSide } from '../test/differential/sides.ts'
import { ratelimitBinary, ratelimitChecker, ratelimitVersion } from './servers/ratelimit-binary.ts'

const filesDrawn = 500
const { values } = parseArgs({
  options: { sequences: { type: 'string', default: '20000' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? randomInt(1_000_000))
const sequences = Number(values.sequences)
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(sequences) || sequences < 1) {
  console.error('npm run test:differential -- --sequences N --seed N')
  process.exit(2)
}
const binary = await ratelimitBinary()
if (binary === undefined) {
  console.error(
    'Nothing was compared: this needs Go (1.25 or newer) to build envoyproxy/ratelimit, or its path in RATELIMIT_BIN.',
  )
  process.exit(1)
}
const startedMs = performance.now()
console.log(`envoyproxy/ratelimit ${process.env['RATELIMIT_BIN'] ? binary : ratelimitVersion}, seed ${seed}`)
await using stack = new AsyncDisposableStack()
const reference = stack.use(await startReferenceSide(binary))
const tollgate = stack.use(await startTollgateSide())
const faults = await runFaults({ reference, tollgate })
const checker = await ratelimitChecker()
const loading = checker === undefined ? undefined : await runLoading(checker, { seed, files: filesDrawn })
if (loading === undefined) console.log('files were not held against the reference: this needs Go')
else {
  for (const [id, count] of loading.refused) console.log(`documented refusal ${id}: ${count}`)
  console.log(
    `files: ${loading.both} taken by both, ${loading.neither} by neither, ${loading.failures.length} unexplained`,
  )
}
const tally = await runSequences({ reference, tollgate }, { seed, sequences })
for (const [id, count] of tally.met) console.log(`documented difference ${id}: ${count}`)
const failures = [...faults, ...(loading?.failures ?? []), ...tally.failures]
for (const failure of failures) console.error(`FAILED ${failure}`)
const seconds = Math.round((performance.now() - startedMs) / 1_000)
console.log(
  `differential: ${tally.sequences} sequences, ${tally.requests} requests, ${tally.again} asked again, ${failures.length} unexplained, ${seconds} s, seed ${seed}`,
)
process.exitCode = failures.length === 0 ? 0 : 1
