import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { rootFolder } from '../../../scripts/state-folder.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createImportFiles } from '../../../src/files/import-files.ts'
import { createPostgresDescriptorStore } from '../../../src/postgres/descriptor-store.ts'
import { documentedDifferences } from '../../differential/differences.ts'
import { faultCases } from '../../differential/faults.ts'
import { refusedFiles } from '../../differential/refused-files.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const guide = readFileSync(join(rootFolder, 'docs/guides/migrate-from-ratelimit.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
const [ratelimitFile = '', cluster = '', limitadorFile = ''] = blocks('yaml')
const [ratelimitRows = '', shadowing = '', limitadorRows = ''] = blocks('sql')

/** The rows but for what they are called. */
async function rowsAfter(fill: (database: Awaited<ReturnType<typeof openLedgerDatabase>>) => Promise<unknown>) {
  await using database = await openLedgerDatabase()
  await fill(database)
  return {
    domains: await database.rows('SELECT * FROM tollgate.descriptor_domain ORDER BY id'),
    limits: await database.rows(
      `SELECT to_jsonb(l) - 'id' AS row FROM tollgate.descriptor_limit l ORDER BY entries::text`,
    ),
  }
}

const imported = (format: string, text: string) =>
  rowsAfter(async (database) => {
    const context = recordedContext({
      importFiles: async () => createImportFiles(Readable.from([Buffer.from(text)])),
      descriptors: async () => createPostgresDescriptorStore(database.pool),
    })
    expect(await runCli(['policy', 'import', format, '-'], context), context.errors()).toBe(0)
  })

test.each([
  { format: 'ratelimit', file: ratelimitFile, rows: ratelimitRows, count: 3 },
  { format: 'limitador', file: limitadorFile, rows: limitadorRows, count: 1 },
])('the guide shows the file of $format and the rows that it becomes', async ({ format, file, rows, count }) => {
  const found = await imported(format, file)
  expect(found.limits).toHaveLength(count)
  expect(found).toEqual(await rowsAfter((database) => database.pool.query(rows)))
})

test('the rest of what the guide shows is taken', async () => {
  expect(parse(cluster).clusters[0].name).toBe('ratelimit')
  await using database = await openLedgerDatabase()
  await database.pool.query(ratelimitRows)
  expect((await database.pool.query(shadowing)).rowCount).toBe(1)
})

test('the guide has every difference that the differential run allows, with its reason', () => {
  for (const { title, reason } of [...documentedDifferences, ...faultCases, ...refusedFiles]) {
    expect(guide).toContain(`| ${title} | `)
    // One title may stand in two lists: the longer reason is the guide's.
    if (!refusedFiles.some((one) => one.title === title && one.reason !== reason)) expect(guide).toContain(reason)
  }
})
