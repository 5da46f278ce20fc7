// The one gate: every check, each named with its time; all run even if one fails. `npm run ok`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { rootFolder } from './state-folder.ts'

const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit']

/** name → file and arguments for Node. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  tsc: ['node_modules/typescript/bin/tsc'],
  biome: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  knip: ['node_modules/knip/bin/knip.js', '--treat-config-hints-as-errors'],
  tidy: [...VITEST, 'test/tidy.test.ts'],
  unit: [...VITEST, 'test/unit'],
}

interface Outcome {
  readonly isFine: boolean
  readonly output: string
}

function run([file = '', ...args]: readonly string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const child = spawn(process.execPath, [join(rootFolder, file), ...args], { cwd: rootFolder })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.once('error', (error) => resolve({ isFine: false, output: String(error) }))
  child.once('close', (code) => resolve({ isFine: code === 0, output }))
  return promise
}

let failed = 0
for (const [name, command] of Object.entries(CHECKS)) {
  const startedMs = performance.now()
  const { isFine, output } = await run(command)
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  console.log(`${isFine ? 'ok    ' : 'FAILED'} ${name.padEnd(6)} ${seconds} s`)
  if (!isFine) {
    failed += 1
    console.log(output)
  }
}
console.log(failed === 0 ? 'All checks are fine' : `${failed} of ${Object.keys(CHECKS).length} checks failed`)
process.exitCode = failed === 0 ? 0 : 1
