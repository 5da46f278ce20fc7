import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createAdminTools } from '../../../src/compose/admin-tools.ts'
import { createPostgresRefusalReader } from '../../../src/postgres/refusal-reader.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const guide = readFileSync(new URL('../../../docs/guides/administration.md', import.meta.url), 'utf8')
const seeds = ['plans', 'demo'].map((name) =>
  readFileSync(new URL(`../../../src/postgres/seeds/${name}.sql`, import.meta.url), 'utf8'),
)

/** As a shell splits it: words, of which some are in single quotes from somewhere on. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/((?:[^\s']|'[^']*')+)/g)].map(([word]) => word.replaceAll("'", ''))
}

test('the guide of administrators runs as typed, from top to bottom, on the demo policy', async () => {
  await using database = await openLedgerDatabase()
  for (const seed of seeds) await database.pool.query(seed)
  const blocks = [...guide.matchAll(/^```(sh|sql)\n([\s\S]*?)^```$/gm)]
  let commands = 0
  for (const [, language, text = ''] of blocks) {
    if (language === 'sql') {
      const { command, rowCount } = await database.pool.query(text)
      if (command !== 'SELECT') expect(rowCount, text).toBe(1)
      continue
    }
    for (const line of text.trim().split('\n')) {
      const context = recordedContext({
        admin: async () => createAdminTools(database.pool),
        refusals: async () => createPostgresRefusalReader(database.pool),
      })
      const [program, ...words] = wordsOf(line)
      expect(program).toBe('tollgate')
      expect(await runCli(words, context), `${line}: ${context.errors()}`).toBe(0)
      commands += 1
    }
  }
  expect(commands).toBeGreaterThan(15)
})
