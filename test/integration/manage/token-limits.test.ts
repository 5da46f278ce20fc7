import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { issueToken } from '../../../src/manage/issue-token.ts'
import { listTokens } from '../../../src/manage/list-tokens.ts'
import type { ManageTools } from '../../../src/manage/ports.ts'
import { revokeToken } from '../../../src/manage/revoke-token.ts'
import { rotateToken } from '../../../src/manage/rotate-token.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresDirectory } from '../../../src/postgres/directory.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const operator: Actor = { kind: 'operator' }
const alice: Actor = { kind: 'account', id: 'alice', role: 'member', project: 'vision' }
const hourMs = 3_600_000
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

/** By SQL, all at one instant. */
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

test('issueToken() gives an account 50 tokens that work, also when they are wanted at once, and the operator more', async () => {
  await using office = await openOffice()
  await addMany(office, 45)
  const issuing = Array.from({ length: 12 }, () => issueToken(office.tools, { actor: alice, account: 'alice' }))
  const answers = await Promise.allSettled(issuing)
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  for (const answer of answers) {
    if (answer.status === 'rejected')
      expect(answer.reason).toMatchObject({
        code: 'conflict',
        message: 'alice has 50 tokens that work already: revoke one first',
      })
  }
  const admin: Actor = { kind: 'account', id: 'root', role: 'admin', project: 'speech' }
  await expect(issueToken(office.tools, { actor: admin, account: 'alice' })).rejects.toMatchObject({ code: 'conflict' })
  await issueToken(office.tools, { actor: operator, account: 'alice' })
  await issueToken(office.tools, { actor: admin, account: 'bob' })
  await revokeToken(office.tools, { actor: alice, id: 'many-1' })
  await revokeToken(office.tools, { actor: alice, id: 'many-2' })
  await issueToken(office.tools, { actor: alice, account: 'alice' })
})

test('rotateToken() goes on at 50 tokens, and ends at 100 that work at once', async () => {
  await using office = await openOffice()
  await addMany(office, 98)
  const rotate = (id: string, overlapMs: number) => rotateToken(office.tools, { actor: alice, id, overlapMs })
  const fresh = [await rotate('many-1', hourMs), await rotate('many-2', hourMs)]
  await expect(rotate('many-3', hourMs)).rejects.toMatchObject({
    code: 'conflict',
    message: 'alice has 100 tokens that work already: revoke one first',
  })
  const [kept] = await office.database.rows(`SELECT replaced_by FROM tollgate.token WHERE id = 'many-3'`)
  expect(kept).toEqual({ replaced_by: null })
  // Without an overlap there is no more than before.
  await rotate(fresh[0]?.token.id ?? '', 0)
})

test('an account is given 500 tokens within a day at most, also when each is revoked at once', async () => {
  await using office = await openOffice()
  await addMany(office, 499, `now() - interval '1 day'`)
  await office.database.pool.query(
    `UPDATE tollgate.token SET created_at = now() - interval '23 hours', expires_at = now() - interval '22 hours'`,
  )
  const { token } = await issueToken(office.tools, { actor: alice, account: 'alice' })
  await revokeToken(office.tools, { actor: alice, id: token.id })
  await expect(issueToken(office.tools, { actor: alice, account: 'alice' })).rejects.toMatchObject({
    code: 'conflict',
    message: 'alice was given 500 tokens within a day: wait for tomorrow',
  })
})

test.each([7 * 24 * hourMs + 1, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'rotateToken() refuses an overlap of %d ms, whoever asks',
  async (overlapMs) => {
    await using office = await openOffice()
    await addMany(office, 1)
    for (const actor of [alice, operator]) {
      await expect(rotateToken(office.tools, { actor, id: 'many-1', overlapMs })).rejects.toMatchObject({
        code: 'not_valid',
        message: 'The old token works on for 0 to 7 days',
      })
    }
    expect(await office.database.rows('SELECT id FROM tollgate.token')).toHaveLength(1)
    await rotateToken(office.tools, { actor: operator, id: 'many-1', overlapMs: 7 * 24 * hourMs })
  },
)
