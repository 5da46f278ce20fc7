import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createPostgresDirectory } from '../../../src/postgres/directory.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')

test('the token commands issue, list, rotate and revoke, and show a secret once', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(people)
  const manage = async () => ({ directory: createPostgresDirectory(database.pool), randomBytes })
  async function run(...words: readonly string[]) {
    const context = recordedContext({ manage })
    const exitCode = await runCli(['token', ...words], context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }

  const issued = await run('issue', '--account', 'alice', '--lifetime', '2d', '--note', 'laptop')
  expect(issued).toMatchObject({ exitCode: 0, errors: '' })
  const [, secret = ''] = /^token {4}(tg_\w{30}_\w{6})$/m.exec(issued.out) ?? []
  const [, id = ''] = /^id {7}(alice-[0-9a-f]{10})$/m.exec(issued.out) ?? []
  expect(issued.out).toMatch(
    /^account {2}alice\nexpires {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\nKeep the token now: it is not shown again\.\n$/m,
  )

  const listed = await run('list')
  expect(listed.out).toMatch(/^ID +ACCOUNT +TOKEN +STATE +CREATED +EXPIRES +LAST USED +NOTE\n/)
  expect(listed.out).toContain(`${secret.slice(0, 7)}…${secret.slice(-4)}`)

  const rotated = await run('rotate', id, '--overlap', '0s', '--output', 'json')
  const fresh = JSON.parse(rotated.out) as Record<string, string>
  expect(fresh).toMatchObject({
    account: 'alice',
    state: 'active',
    note: 'laptop',
    revoked_at: null,
    last_used_at: null,
  })

  const revoked = await run('revoke', String(fresh['id']))
  expect(revoked.out).toMatch(/^alice-[0-9a-f]{10} \(tg_.{4}….{4}\) is revoked since 2\d{3}-/)
  const after = JSON.parse((await run('list', '--account', 'alice', '--output', 'json')).out) as readonly Record<
    string,
    string
  >[]
  expect(after.map((token) => token['state'])).toEqual(['revoked', 'expired'])
  for (const text of [listed.out, revoked.out, JSON.stringify(after)]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain(fresh['secret'])
    expect(text).not.toContain('digest')
  }

  expect(await run('issue', '--account', 'alice', '--lifetime', '8d')).toEqual({
    exitCode: 1,
    out: '',
    errors: 'tollgate: Tokens of alice live at most 7 days (plan free); ask for 7 days or less.\n',
  })
  expect(await run('revoke', 'nobody-1')).toEqual({
    exitCode: 1,
    out: '',
    errors: 'tollgate: There is no token nobody-1; `tollgate token list` shows all ids.\n',
  })
})
