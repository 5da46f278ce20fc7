import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { looksLikeToken } from '../../../src/core/token-text.ts'
import { issueToken } from '../../../src/manage/issue-token.ts'
import { listTokens } from '../../../src/manage/list-tokens.ts'
import type { ManageTools } from '../../../src/manage/ports.ts'
import { revokeToken } from '../../../src/manage/revoke-token.ts'
import { rotateToken } from '../../../src/manage/rotate-token.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresDirectory } from '../../../src/postgres/directory.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const operator: Actor = { kind: 'operator' }
const dayMs = 86_400_000
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

/** Everything that the database holds, as text. */
async function dump({ database }: Office): Promise<string> {
  const tables = await database.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'tollgate'")
  const all = await Promise.all(
    tables.map((row) => database.rows(`SELECT t::text FROM tollgate.${String(row['table_name'])} t`)),
  )
  return JSON.stringify(all)
}

test('issueToken() gives a token for as long as the plan allows and keeps only its digest', async () => {
  await using office = await openOffice()
  const { secret, token } = await issueToken(office.tools, { actor: operator, account: 'alice', note: 'laptop' })
  expect(looksLikeToken(secret)).toBe(true)
  expect(token.expiresAtMs - token.createdAtMs).toBe(7 * dayMs)
  expect(token).toMatchObject({
    account: 'alice',
    state: 'active',
    note: 'laptop',
    hint: expect.stringMatching(/^tg_.{4}….{4}$/),
  })
  const [row] = await office.database.rows('SELECT digest, partition FROM tollgate.token')
  expect(row?.['digest']).toBe(createHash('sha256').update(secret).digest('hex'))
  expect([row]).toEqual([
    {
      digest: row?.['digest'],
      partition: (await office.database.rows("SELECT partition FROM tollgate.account WHERE id = 'alice'"))[0]?.[
        'partition'
      ],
    },
  ])
  expect(await dump(office)).not.toContain(secret)
})

describe('issueToken() refuses with a sentence and keeps nothing', () => {
  test.each([
    {
      what: 'a day beyond the plan',
      wish: { account: 'alice', lifetimeMs: 8 * dayMs },
      says: /at most 7 days \(plan free\)/,
    },
    {
      what: 'a millisecond beyond the plan',
      wish: { account: 'alice', lifetimeMs: 7 * dayMs + 1 },
      says: /at most 7 days/,
    },
    { what: 'no time at all', wish: { account: 'alice', lifetimeMs: 0 }, says: /at least one minute/ },
    { what: 'not a number', wish: { account: 'alice', lifetimeMs: Number.NaN }, says: /at least one minute/ },
    { what: 'a disabled account', wish: { account: 'carol' }, says: /carol is disabled/ },
    { what: 'an unknown account', wish: { account: 'dave' }, code: 'not_found', says: /no account dave/ },
    { what: 'an endless note', wish: { account: 'alice', note: 'x'.repeat(501) }, says: /at most 500 characters/ },
  ])('$what', async ({ wish, code = 'not_valid', says }) => {
    await using office = await openOffice()
    const issued = issueToken(office.tools, { actor: operator, ...wish })
    await expect(issued).rejects.toMatchObject({ name: 'Fault', code, message: expect.stringMatching(says) })
    expect(await office.database.rows('SELECT id FROM tollgate.token')).toEqual([])
  })
})

test('issueToken() takes the plan of the moment: SQL that shortens it is obeyed by the database too', async () => {
  await using office = await openOffice()
  const { directory } = office.tools
  const shortened: ManageTools = {
    ...office.tools,
    directory: {
      ...directory,
      holder: async (account) => {
        const holder = await directory.holder(account)
        await office.database.pool.query("UPDATE tollgate.plan SET token_days_max = 1 WHERE id = 'free'")
        return holder
      },
    },
  }
  const issued = issueToken(shortened, { actor: operator, account: 'alice' })
  await expect(issued).rejects.toMatchObject({
    code: 'not_valid',
    message: expect.stringContaining('1 days of its account'),
  })
})

test('rotateToken() gives a new token and lets the old one run out after the overlap', async () => {
  await using office = await openOffice()
  const old = await issueToken(office.tools, { actor: operator, account: 'bob', note: 'ci' })
  const fresh = await rotateToken(office.tools, { actor: operator, id: old.token.id, overlapMs: 3_600_000 })
  expect(fresh.secret).not.toBe(old.secret)
  expect(fresh.token).toMatchObject({ account: 'bob', state: 'active', note: 'ci' })
  const [kept] = await office.database.rows(
    `SELECT expires_at > now() + interval '59 minutes' AND expires_at <= now() + interval '1 hour' AS soon FROM tollgate.token WHERE id = $1`,
    [old.token.id],
  )
  expect(kept).toEqual({ soon: true })
})

test('rotateToken() never makes a life longer, and refuses a token that no longer works', async () => {
  await using office = await openOffice()
  const old = await issueToken(office.tools, { actor: operator, account: 'alice', lifetimeMs: 60_000 })
  await rotateToken(office.tools, { actor: operator, id: old.token.id, overlapMs: dayMs })
  expect((await office.tools.directory.token(old.token.id))?.expiresAtMs).toBe(old.token.expiresAtMs)
  await revokeToken(office.tools, { actor: operator, id: old.token.id })
  const again = rotateToken(office.tools, { actor: operator, id: old.token.id, overlapMs: 0 })
  await expect(again).rejects.toMatchObject({ code: 'not_valid', message: expect.stringContaining('no longer works') })
  expect(await office.database.rows('SELECT id FROM tollgate.token')).toHaveLength(2)
})

test('rotateToken() without overlap ends the old token at once', async () => {
  await using office = await openOffice()
  const old = await issueToken(office.tools, { actor: operator, account: 'alice' })
  await rotateToken(office.tools, { actor: operator, id: old.token.id, overlapMs: 0 })
  expect((await office.tools.directory.token(old.token.id))?.state).toBe('expired')
})

test('revokeToken() ends a token once: a second time keeps the time and writes nothing', async () => {
  await using office = await openOffice()
  const { token } = await issueToken(office.tools, { actor: operator, account: 'alice' })
  const revoked = await revokeToken(office.tools, { actor: operator, id: token.id })
  expect(revoked).toMatchObject({ id: token.id, state: 'revoked', revokedAtMs: expect.any(Number) })
  const before = await office.database.rows('SELECT xmin::text FROM tollgate.token')
  expect(await revokeToken(office.tools, { actor: operator, id: token.id })).toEqual(revoked)
  expect(await office.database.rows('SELECT xmin::text FROM tollgate.token')).toEqual(before)
  await expect(revokeToken(office.tools, { actor: operator, id: 'nobody-1' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('listTokens() shows hints, states and last use, newest first, and no secret or digest', async () => {
  await using office = await openOffice()
  const first = await issueToken(office.tools, { actor: operator, account: 'alice' })
  const second = await issueToken(office.tools, { actor: operator, account: 'bob' })
  await revokeToken(office.tools, { actor: operator, id: first.token.id })
  await office.database.pool.query("INSERT INTO tollgate.token_use VALUES ($1, '2026-11-22T01:00:00Z')", [
    second.token.id,
  ])
  const { rows: tokens } = await listTokens(office.tools, { actor: operator, countMax: 10 })
  expect(tokens.map(({ id, state }) => [id, state])).toEqual([
    [second.token.id, 'active'],
    [first.token.id, 'revoked'],
  ])
  expect(tokens[0]?.lastUsedAtMs).toBe(Date.UTC(2026, 10, 22, 1))
  const text = JSON.stringify(tokens)
  for (const { secret } of [first, second]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(createHash('sha256').update(secret).digest('hex'))
  }
  expect((await listTokens(office.tools, { actor: operator, account: 'alice', countMax: 10 })).rows).toHaveLength(1)
  await expect(listTokens(office.tools, { actor: operator, account: 'dave', countMax: 10 })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('who may: oneself and admins all, a lead stops and lists tokens of the project, nobody else anything', async () => {
  await using office = await openOffice()
  const actor = (id: string, role: 'member' | 'lead' | 'admin', project: string): Actor => ({
    kind: 'account',
    id,
    role,
    project,
  })
  const { token } = await issueToken(office.tools, { actor: actor('alice', 'member', 'vision'), account: 'alice' })
  const lead = actor('erin', 'lead', 'vision')
  const refused = { code: 'forbidden', message: expect.stringContaining('may not') }
  await expect(issueToken(office.tools, { actor: lead, account: 'alice' })).rejects.toMatchObject(refused)
  await expect(rotateToken(office.tools, { actor: lead, id: token.id, overlapMs: 0 })).rejects.toMatchObject(refused)
  const stranger = actor('bob', 'lead', 'speech')
  await expect(revokeToken(office.tools, { actor: stranger, id: token.id })).rejects.toMatchObject(refused)
  await expect(listTokens(office.tools, { actor: stranger, account: 'alice', countMax: 10 })).rejects.toMatchObject(
    refused,
  )
  await expect(listTokens(office.tools, { actor: lead, countMax: 10 })).rejects.toMatchObject(refused)
  expect((await listTokens(office.tools, { actor: lead, account: 'alice', countMax: 10 })).rows).toHaveLength(1)
  expect((await revokeToken(office.tools, { actor: lead, id: token.id })).state).toBe('revoked')
  await issueToken(office.tools, { actor: actor('root', 'admin', 'speech'), account: 'alice' })
})

test('a database that does not answer is one transient fault, whatever is asked', async () => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 500 })
  const tools = { directory: createPostgresDirectory(pool), randomBytes }
  const issued = issueToken(tools, { actor: operator, account: 'alice' })
  await expect(issued).rejects.toMatchObject({
    code: 'policy_unavailable',
    transient: true,
    message: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:1 does not answer .*ECONNREFUSED/),
  })
  await pool.end()
})
