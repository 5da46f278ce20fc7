// The outage tests at full length: `npm run test:long -- --kills 20 --rounds 10 --seconds 60 --seed 7`. About an hour as it is.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { rootFolder } from './state-folder.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
  },
})
const environment = {
  OUTAGE_KILLS: values.kills,
  OUTAGE_ROUNDS: values.rounds,
  OUTAGE_GONE_MS: String(Number(values.seconds) * 1_000),
  OUTAGE_FROZEN_MS: '10000',
  OUTAGE_CHECK_MS: '200',
  OUTAGE_LARGE_BYTES: '1200000000',
  ...(values.seed === undefined ? {} : { OUTAGE_SEED: values.seed }),
}
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  'test/outage',
  '--testTimeout',
  '300000',
  '--no-file-parallelism',
]
const child = spawn(process.execPath, vitest, {
  cwd: rootFolder,
  stdio: 'inherit',
  env: { ...process.env, ...environment },
})
child.once('exit', (code) => process.exit(code ?? 1))
