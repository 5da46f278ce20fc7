import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure } from '../test/bench/support/figure.ts'
import { rootFolder } from './state-folder.ts'

/** `npm run bench -- NAME`: what each name runs. */
const benches: Readonly<Record<string, readonly string[]>> = {
  alerts: ['alerts', 'crossing'],
  check: ['check', 'policy'],
  crossing: ['crossing'],
  descriptors: ['descriptors'],
  policy: ['policy'],
  ledger: ['ledger'],
  memory: ['memory'],
  report: ['report'],
  rls: ['rls'],
  spend: ['spend'],
  status: ['status'],
}

const [name = ''] = process.argv.slice(2)
const files = benches[name]
if (files === undefined) {
  console.error(`npm run bench -- NAME, where NAME is one of ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
const figures: Figure[] = []
for (const file of files) figures.push(...(await runFile(file)))
console.table(
  figures.map(({ figure, value, min, max, unit, noisy = false }) => ({ figure, value, min, max, unit, noisy })),
)
for (const figure of figures) console.log(JSON.stringify(figure))
process.exit(0)

async function runFile(file: string): Promise<readonly Figure[]> {
  const path = join(rootFolder, `test/bench/${file}.bench.ts`)
  if (!existsSync(path)) throw new Error(`There is no ${path}`)
  const bench = (await import(path)) as { readonly run: () => Promise<readonly Figure[]> }
  return bench.run()
}
