import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createImportFiles } from '../../../src/files/import-files.ts'
import { policyShow } from '../../../src/policy/policy-show.ts'
import { readPolicy } from '../../../src/policy/read-policy.ts'
import { createPostgresDescriptorStore } from '../../../src/postgres/descriptor-store.ts'
import { createPostgresPolicyDatabase } from '../../../src/postgres/policy-database.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const messages = `domain: messages
descriptors:
  - key: kind
    value: advert
    descriptors:
      - key: number
        rate_limit: { unit: day, requests_per_unit: 5 }
  - key: number
    rate_limit: { unit: day, requests_per_unit: 100 }
`
const folder = mkdtempSync(join(tmpdir(), 'tollgate-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a file of the test's own folder and answers its path. */
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function run(database: LedgerDatabase | undefined, words: readonly string[], input = '') {
  const context = recordedContext({
    importFiles: async () => createImportFiles(Readable.from([Buffer.from(input)])),
    ...(database && {
      descriptors: async () => createPostgresDescriptorStore(database.pool),
      policyShow: async () => {
        const policy = createPostgresPolicyDatabase({ databaseUrl: database.url })
        return policyShow(await readPolicy(policy).finally(() => policy.close()))
      },
    }),
  })
  const exitCode = await runCli(['policy', ...words], context)
  return { exitCode, out: context.out(), errors: context.errors() }
}

async function changed(database: LedgerDatabase): Promise<readonly Record<string, unknown>[]> {
  return database.rows(
    `SELECT c.by, c.table_name, c.key, k.version FROM tollgate.policy_change c JOIN tollgate.policy_commit k ON k.id = c.commit
     WHERE c.table_name LIKE 'descriptor%' ORDER BY c.id`,
  )
}

test('an import writes rows, a second one only what differs, and the audit shows no more', async () => {
  await using database = await openLedgerDatabase()
  const path = file('messages.yaml', messages)
  const first = await run(database, ['import', 'ratelimit', path])
  expect(first).toMatchObject({ exitCode: 0, errors: '' })
  expect(first.out).toContain('added   messages  kind=advert, number  5 per day ')
  expect(await changed(database)).toHaveLength(3)
  const again = await run(database, ['import', 'ratelimit', path])
  expect(again.out).toBe('Done: 0 added, 0 changed, 0 removed\n')
  expect(await changed(database)).toHaveLength(3)

  file('messages.yaml', messages.replace('requests_per_unit: 100', 'requests_per_unit: 200'))
  expect((await run(database, ['import', 'ratelimit', path, '--dry-run'])).out).toMatch(
    /^changed +messages +number +100 per day → 200 per day +rl-messages-number-[0-9a-f]{16}\nWould be: 0 added, 1 changed, 0 removed\n$/m,
  )
  expect(await changed(database)).toHaveLength(3)
  await run(database, ['import', 'ratelimit', path])
  const [, , , last] = await changed(database)
  expect(last).toMatchObject({ table_name: 'descriptor_limit', key: expect.stringMatching(/^rl-messages-number-/) })

  file('messages.yaml', 'domain: messages\ndescriptors:\n')
  expect((await run(database, ['import', 'ratelimit', path, '--output', 'json'])).out).toContain('"removed": [\n')
  expect(await database.rows('SELECT FROM tollgate.descriptor_limit')).toEqual([])
  // On purpose: nothing of it is held in force.
  expect(await database.rows('SELECT table_name FROM tollgate.emptied_table')).toEqual([
    { table_name: 'descriptor_limit' },
  ])
})

test('with one fault in one file nothing is written, and the database is not even asked', async () => {
  const good = file('good.yaml', messages)
  const bad = file('bad.yaml', `${messages.replace('messages', 'others')}  - key: number\n    unit: day\n`)
  expect(await run(undefined, ['import', 'ratelimit', good, bad])).toEqual({
    exitCode: 1,
    out: '',
    errors: [
      `${bad}:10:5: the key "number" alone is there already at ${bad}:8:5: put both into one descriptor`,
      `${bad}:11:5: "unit" does not belong here: it goes inside rate_limit:, which this descriptor has or needs`,
      'tollgate: There are 2 faults, so nothing is imported.\n',
    ].join('\n'),
  })
  const twice = file('twice.yaml', messages)
  expect((await run(undefined, ['import', 'ratelimit', good, twice])).errors).toContain(
    `${twice}:3:5: "kind" with "advert" is there already at ${good}:3:5`,
  )
})

test('rows by hand stay and are named, and one that is in the way is a fault', async () => {
  await using database = await openLedgerDatabase()
  const path = file('messages.yaml', messages)
  await run(database, ['import', 'ratelimit', path])
  await database.pool.query(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, kind, amount, unit)
       VALUES ('burst', 'messages', '[{"key":"number"}]', 'window', 10, 'second'), ('else', 'messages', '[{"key":"z"}]', 'none', NULL, NULL);
     UPDATE tollgate.descriptor_limit SET posture = 'deny', note = 'kept' WHERE id LIKE 'rl-messages-number-%'`,
  )
  file('messages.yaml', messages.replace('100', '300'))
  const { out } = await run(database, ['import', 'ratelimit', path])
  expect(out).toContain('Written by hand, and kept beside: burst, else\n')
  expect(
    await database.rows(
      `SELECT amount::int, posture, note FROM tollgate.descriptor_limit WHERE id LIKE 'rl-messages-number-%'`,
    ),
  ).toEqual([{ amount: 300, posture: 'deny', note: 'kept' }])

  await database.pool.query(`UPDATE tollgate.descriptor_limit SET unit = 'day' WHERE id = 'burst'`)
  expect((await run(database, ['import', 'ratelimit', path])).errors).toContain(
    `${path}:8:5: the row "burst", written by hand, limits the same path and period: remove one of them\n`,
  )
  await database.pool.query(
    `DELETE FROM tollgate.descriptor_limit WHERE id = 'burst';
     UPDATE tollgate.descriptor_limit SET entries = '[{"key":"moved"}]' WHERE id LIKE 'rl-messages-number-%'`,
  )
  expect((await run(database, ['import', 'ratelimit', path])).errors).toContain('was given another path by hand')
})

test('a name that is replaced and that no limit has is told', async () => {
  await using database = await openLedgerDatabase()
  const text = `domain: d
descriptors:
  - { key: a, rate_limit: { unit: day, requests_per_unit: 1, name: one } }
  - { key: b, rate_limit: { unit: day, requests_per_unit: 1, replaces: [{ name: one }, { name: on }] } }
`
  const { out } = await run(database, ['import', 'ratelimit', '-'], text)
  expect(out).toContain('Replaced, though no limit has the name: on\n')
})

test('--as-reference sets how a domain counts, and an import without it leaves that alone', async () => {
  await using database = await openLedgerDatabase()
  const path = file('messages.yaml', messages)
  const counting = () => database.rows('SELECT counting, charges_refused FROM tollgate.descriptor_domain')
  await run(database, ['import', 'ratelimit', path])
  expect(await counting()).toEqual([{ counting: 'all_or_nothing', charges_refused: false }])
  const { out } = await run(database, ['import', 'ratelimit', path, '--as-reference'])
  expect(out).toContain('Domains changed: messages\n')
  await run(database, ['import', 'ratelimit', path])
  expect(await counting()).toEqual([{ counting: 'each', charges_refused: true }])
})

test('domains that no file has stay until --prune, and other formats are left alone', async () => {
  await using database = await openLedgerDatabase()
  const path = file('messages.yaml', messages)
  const limits = '- {namespace: messages, max_value: 1, seconds: 60, variables: [user]}\n'
  await run(database, ['import', 'ratelimit', path])
  expect((await run(database, ['import', 'limitador', '-'], limits)).out).toContain('messages  user  1 per minute')
  const other = await run(database, ['import', 'ratelimit', '-'], messages.replace('messages', 'mail'))
  expect(other.out).toContain('their limits stay: messages (--prune removes them)')
  const pruned = await run(database, ['import', 'ratelimit', '-', '--prune'], messages.replace('messages', 'mail'))
  expect(pruned.out).toContain('Done: 0 added, 0 changed, 2 removed\n')
  expect(await database.rows('SELECT DISTINCT domain FROM tollgate.descriptor_limit ORDER BY domain')).toEqual([
    { domain: 'mail' },
    { domain: 'messages' },
  ])
})

test('thousands of limits are one version of the policy, in force and without fault', async () => {
  await using database = await openLedgerDatabase()
  const nodes = Array.from(
    { length: 2_000 },
    (_, index) => `  - {key: user, value: u${index}, rate_limit: {unit: minute, requests_per_unit: ${index}}}\n`,
  )
  const text = `domain: many\ndescriptors:\n${nodes.join('')}`
  expect((await run(database, ['import', 'ratelimit', '-'], text)).out).toContain('Done: 2000 added')
  expect(new Set((await changed(database)).map(({ version }) => version)).size).toBe(1)
  const { out } = await run(database, ['descriptors', 'many', '--output', 'json'])
  expect(JSON.parse(out).limits).toHaveLength(2_000)
  const moved = text.replaceAll('unit: minute', 'unit: hour')
  expect((await run(database, ['import', 'ratelimit', '-'], moved)).out).toContain('0 added, 2000 changed, 0 removed')
})

test('an import that meets a transaction left open gives up within seconds, says what to do, and works after it has ended', async () => {
  await using database = await openLedgerDatabase()
  await run(database, ['import', 'ratelimit', '-'], messages)
  const raised = messages.replace('requests_per_unit: 5', 'requests_per_unit: 6')
  const other = await database.pool.connect()
  await other.query(`BEGIN; UPDATE tollgate.descriptor_domain SET shadow = true WHERE id = 'messages'`)
  const [met, read] = await Promise.all([
    run(database, ['import', 'ratelimit', '-'], raised),
    run(database, ['import', 'ratelimit', '-', '--dry-run'], raised),
  ])
  expect(met).toMatchObject({ exitCode: 1, out: '' })
  expect(met.errors).toMatch(
    /^tollgate: Nothing was changed: for 2 s another transaction has held .*pg_terminate_backend/,
  )
  expect(read.out).toContain('Would be: 0 added, 1 changed, 0 removed')
  await other.query('ROLLBACK')
  other.release()
  const after = await run(database, ['import', 'ratelimit', '-'], raised)
  expect(after.out).toContain('Done: 0 added, 1 changed, 0 removed')
})

test('what was imported comes out again as files that import to the same', async () => {
  await using database = await openLedgerDatabase()
  await run(database, ['import', 'ratelimit', '-'], messages)
  await run(database, ['import', 'ratelimit', '-', '--as-reference'], messages.replace('messages', 'a/b'))
  expect(await run(database, ['export', 'ratelimit'])).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('one domain'),
  })
  const { out } = await run(database, ['export', 'ratelimit', 'a/b'])
  expect(out).toContain('domain: "a/b"\n')
  const to = join(folder, 'exported')
  const written = await run(database, ['export', 'ratelimit', '--folder', to])
  expect(written.out).toBe(`${join(to, 'a%2Fb.yaml')}\n${join(to, 'messages.yaml')}\n`)
  expect((await run(database, ['import', 'ratelimit', to])).out).toBe('Done: 0 added, 0 changed, 0 removed\n')

  await database.pool.query(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, kind, amount, unit, units)
       VALUES ('many', 'messages', '[{"key":"z"}]', 'window', 10, 'second', 5)`,
  )
  expect(await run(database, ['export', 'ratelimit', 'messages'])).toMatchObject({
    exitCode: 1,
    out: '',
    errors: expect.stringMatching(/^many: its period is several units long\ntollgate: .*--skip-unsupported/),
  })
  const skipped = await run(database, ['export', 'ratelimit', 'messages', '--skip-unsupported'])
  expect(skipped).toMatchObject({ exitCode: 0, out: expect.not.stringContaining('"z"') })
  expect(await run(database, ['export', 'ratelimit', 'nowhere'])).toMatchObject({ exitCode: 1 })
})

test('files are checked without a database, and paths that lead nowhere are told', async () => {
  const path = file('messages.yaml', messages)
  expect(await run(undefined, ['check', path])).toEqual({
    exitCode: 0,
    out: '1 file, 1 domain, 2 limits: nothing is wrong\n',
    errors: '',
  })
  const bad = await run(undefined, ['check', '-'], 'domain: x\ndescriptors: [{value: 1}]\n')
  expect(bad).toMatchObject({
    exitCode: 1,
    out: expect.stringMatching(/^standard input:2:15: this descriptor has no key/),
  })
  expect(await run(undefined, ['check', '--format', 'limitador', path])).toMatchObject({ exitCode: 1 })
  expect((await run(undefined, ['check', join(folder, 'none.yaml')])).errors).toBe(
    `tollgate: ${join(folder, 'none.yaml')} is not there.\n`,
  )
  expect((await run(undefined, ['check', '/proc'])).errors).toContain('There is no .yaml or .yml file in /proc')
  const large = file('large.yaml', '#'.repeat(8_000_001))
  expect((await run(undefined, ['check', large])).errors).toContain('more than 8000000 bytes')
  expect((await run(undefined, ['check', '-'], '#'.repeat(8_000_001))).errors).toContain('more than 8000000 bytes')
})
