import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createImportFiles } from '../../../src/files/import-files.ts'
import { createPostgresDescriptorStore } from '../../../src/postgres/descriptor-store.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const folder = mkdtempSync(join(tmpdir(), 'tollgate-checked-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(database: LedgerDatabase | undefined, words: readonly string[], input = '') {
  const context = recordedContext({
    importFiles: async () => createImportFiles(Readable.from([Buffer.from(input)])),
    ...(database && { descriptors: async () => createPostgresDescriptorStore(database.pool) }),
  })
  const exitCode = await runCli(['policy', ...words], context)
  return { exitCode, out: context.out(), errors: context.errors() }
}

test('a * inside a value is said to stand for any text, and can be checked as the reference has it', async () => {
  await using database = await openLedgerDatabase()
  const text = `domain: d
descriptors:
  - { key: path, value: /a*b, rate_limit: { unit: day, requests_per_unit: 1 } }
  - { key: path, value: /c*, rate_limit: { unit: day, requests_per_unit: 1 } }
`
  const said =
    'A * inside a value stands for any text, and the reference takes it as it stands (with --as-reference it is an error): "/a*b"\n'
  expect((await run(database, ['import', 'ratelimit', '-', '--dry-run'], text)).out).toContain(`0 removed\n`)
  expect((await run(database, ['import', 'ratelimit', '-'], text)).out.endsWith(said)).toBe(true)
  expect(await run(undefined, ['check', '-'], text)).toEqual({
    ...{ exitCode: 0, errors: '' },
    out: `1 file, 1 domain, 2 limits: nothing is wrong\n${said}`,
  })
  expect(await run(undefined, ['check', '-', '--as-reference'], text)).toMatchObject({
    exitCode: 1,
    out: expect.stringMatching(/^standard input:3:25: the reference takes a \* that is not at the end as it stands/),
  })
  expect(await run(undefined, ['check', '-', '--as-reference', '--format', 'limitador'], '[]')).toMatchObject({
    exitCode: 1,
    errors: 'tollgate: --as-reference is for files of ratelimit.\n',
  })
})

test('patterns beyond the bound are faults with their place, also beside rows by hand; prefixes have no bound', async () => {
  await using database = await openLedgerDatabase()
  const fileOf = (count: number, textAt: (nth: number) => string) =>
    `domain: d\ndescriptors:\n${Array.from(
      { length: count },
      (_, nth) => `  - { key: k, value: "${textAt(nth)}", rate_limit: { unit: day, requests_per_unit: 1 } }\n`,
    ).join('')}`
  const prefixes = fileOf(1_500, (nth) => `v${nth}-*`)
  expect((await run(database, ['import', 'ratelimit', '-'], prefixes)).out).toContain('Done: 1500 added')
  const searching = fileOf(102, (nth) => `*v${nth}*`)
  const checked = await run(undefined, ['check', '-'], searching)
  expect(checked.exitCode).toBe(1)
  expect(checked.out).toMatch(/^standard input:103:5: this limit would not be tried: .*\nstandard input:104:5: .*\n$/)
  expect((await run(undefined, ['import', 'ratelimit', '-'], searching)).errors).toContain('There are 2 faults')
  expect(
    await run(
      undefined,
      ['check', '-'],
      fileOf(100, (nth) => `*v${nth}*`),
    ),
  ).toMatchObject({ exitCode: 0 })
  expect(
    (
      await run(
        undefined,
        ['check', '-'],
        fileOf(1_001, (nth) => `*v${nth}`),
      )
    ).out,
  ).toMatch(/^standard input:1003:5: /)
  await database.pool.query(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, position, amount, unit)
       VALUES ('first', 'd', '[{"key":"k","value":"*x*"},{"key":"l"}]', -1, 1, 'day')`,
  )
  const beside = await run(
    database,
    ['import', 'ratelimit', '-'],
    fileOf(100, (nth) => `*v${nth}*`),
  )
  expect(beside.errors).toMatch(/^standard input:102:5: this limit would not be tried: .*\ntollgate: There is a fault/)
})

test('a file that is given twice is told once', async () => {
  const path = join(folder, 'messages.yaml')
  writeFileSync(path, 'domain: messages\n')
  const inside = join(folder, '.', 'messages.yaml')
  symlinkSync(path, join(folder, 'link.yml'))
  for (const [words, twin] of [
    [[path, path], path],
    [[folder, inside], inside],
    [[path, join(folder, 'link.yml')], join(folder, 'link.yml')],
    [['-', path, '-'], 'The standard input'],
  ] as const) {
    expect(await run(undefined, ['check', ...words])).toEqual({
      exitCode: 1,
      out: '',
      errors: `tollgate: ${twin} is given twice: name it once.\n`,
    })
  }
})
