import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { issueToken } from '../../../src/manage/issue-token.ts'
import { listTokens } from '../../../src/manage/list-tokens.ts'
import type { ManageTools } from '../../../src/manage/ports.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresDirectory } from '../../../src/postgres/directory.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const operator: Actor = { kind: 'operator' }
const alice: Actor = { kind: 'account', id: 'alice', role: 'member', project: 'vision' }
const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')

interface Office extends AsyncDisposable {
  readonly database: LedgerDatabase
  readonly tools: ManageTools
}

async function openOffice(): Promise<Office> {
  const database = await openLedgerDatabase()
  await database.pool.query(people)
  const tools = { directory: createPostgresDirectory(database.pool), randomBytes }
  return { database, tools, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

/** By SQL, all at one instant; `$2` is how they end. */
const addMany = (office: Office, count: number, ending = `now() + interval '1 day'`) =>
  office.database.pool.query(
    `INSERT INTO tollgate.token (id, account, digest, hint, created_at, expires_at)
     SELECT 'many-' || n, 'alice', md5(n::text) || md5('x' || n), 'tg_', now() - interval '2 days', ${ending}
       FROM generate_series(1, $1::int) n`,
    [count],
  )

test('listTokens() ends at the last token, however many there are of one instant', async () => {
  await using office = await openOffice()
  await addMany(office, 10_500)
  await issueToken(office.tools, { actor: operator, account: 'bob' })
  const seen = new Set<string>()
  let rowCount = 0
  let after: string | undefined
  do {
    const page = await listTokens(office.tools, { actor: alice, account: 'alice', after, countMax: 1_000 })
    rowCount += page.rows.length
    for (const { id } of page.rows) seen.add(id)
    after = page.next
  } while (after !== undefined)
  expect([rowCount, seen.size]).toEqual([10_500, 10_500])
})
