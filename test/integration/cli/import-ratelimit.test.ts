import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createPostgresDescriptorStore } from '../../../src/postgres/descriptor-store.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const messaging = `domain: messaging
descriptors:
  - key: message_type
    value: marketing
    descriptors:
      - key: to_number
        rate_limit: { unit: day, requests_per_unit: 5 }
  - key: to_number
    rate_limit: { unit: day, requests_per_unit: 100 }
`

async function run(database: LedgerDatabase, texts: Readonly<Record<string, string>>, words: readonly string[]) {
  const files = Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))
  const context = recordedContext({
    importFiles: async () => ({ read: async () => files, write: async () => [] }),
    descriptors: async () => createPostgresDescriptorStore(database.pool),
  })
  const exitCode = await runCli(['policy', ...words], context)
  return { exitCode, out: context.out(), errors: context.errors() }
}

const imported = ['import', 'ratelimit', 'limits.yaml']

test('an import writes rows, a second one only what differs, and the audit shows no more', async () => {
  await using database = await openLedgerDatabase()
  const changes = async () =>
    (
      await database.pool.query<{ key: string }>(
        "SELECT key FROM tollgate.policy_change WHERE table_name LIKE 'descriptor%'",
      )
    ).rows.length
  const first = await run(database, { 'limits.yaml': messaging }, imported)
  expect(first).toMatchObject({ exitCode: 0, errors: '' })
  expect(first.out).toContain('added   messaging  message_type=marketing, to_number  5 per day ')
  const before = await changes()
  expect(before).toBe(3)
  const again = await run(database, { 'limits.yaml': messaging }, imported)
  expect(again.out).toBe('Done: 0 added, 0 changed, 0 removed\n')
  expect(await changes()).toBe(before)
  const raised = messaging.replace('requests_per_unit: 100', 'requests_per_unit: 200')
  expect((await run(database, { 'limits.yaml': raised }, [...imported, '--dry-run'])).out).toMatch(
    /^changed +messaging +to_number +100 per day → 200 per day +rl-messaging-to_number-[0-9a-f]{16}\nWould be: 0 added, 1 changed, 0 removed\n$/m,
  )
  expect(await changes()).toBe(before)
  await run(database, { 'limits.yaml': raised }, imported)
  expect(await changes()).toBe(before + 1)
})
