import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createAdminTools } from '../../../src/compose/admin-tools.ts'
import { createPostgresRefusalLog } from '../../../src/postgres/refusal-log.ts'
import { createPostgresRefusalReader } from '../../../src/postgres/refusal-reader.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')

test('limits, any other row, bans and the audit are managed by the command line alone', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(people)
  const admin = async () => createAdminTools(database.pool)
  async function run(...words: readonly string[]) {
    const context = recordedContext({ admin })
    const exitCode = await runCli(words, context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }
  const limit = ['name=daily', 'kind=quota', 'counts=credits', 'window=day', 'amount=100', 'applies_to_account=alice']
  const made = await run('limit', 'set', 'alice-daily', ...limit)
  expect(made).toMatchObject({ exitCode: 0, errors: '', out: expect.stringMatching(/^amount +100$/m) })
  const raised = await run('limit', 'set', 'alice-daily', 'amount=200.5', 'note=For the release', '--existing')
  expect(raised.out).toMatch(/^amount +200\.5 \(was 100\)$/m)
  expect(raised.out).toMatch(/^note +For the release \(was nothing\)$/m)
  expect((await run('limit', 'list', '--where', 'name=daily')).out).toMatch(
    /^alice-daily +daily +quota +credits +account +200\.5 /m,
  )
  expect(await run('limit', 'remove', 'alice-daily')).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('the last row of limit_rule'),
  })
  expect((await run('limit', 'remove', 'alice-daily', '--last')).out).toMatch(/^Removed:\n/)
  expect(await run('limit', 'set', 'x', 'amount')).toMatchObject({ exitCode: 2 })

  await run('policy', 'set', 'price_rule', 'big', 'surface=pypi', 'base_credits=2')
  await run('policy', 'set', 'price_tier', 'big,0', 'credits_per_mb=1')
  expect((await run('policy', 'rows', 'price_tier')).out).toBe(
    'PRICE  FROM_BYTES  CREDITS_PER_MB\nbig    0           1\n',
  )
  await run('policy', 'set', 'descriptor_domain', 'edge, Zürich', 'counting=each')
  const entries = 'entries=[{"key":"user","value":"a=b,c"}]'
  const descriptor = ['domain=edge, Zürich', entries, 'amount=5', 'unit=day']
  expect((await run('policy', 'set', 'descriptor_limit', 'users', ...descriptor)).out).toMatch(
    /^entries +\[\{"key":"user","value":"a=b,c"\}\]$/m,
  )
  expect((await run('policy', 'set', 'descriptor_limit', 'users', 'entries=[{"key":"user"}]')).out).toMatch(
    /^entries +\[\{"key":"user"\}\] \(was \[\{"key":"user","value":"a=b,c"\}\]\)$/m,
  )
  expect(await run('policy', 'set', 'descriptor_limit', 'users', 'entries=user')).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('entries must be JSON'),
  })
  expect((await run('policy', 'rows', 'descriptor_domain')).out).toMatch(/^edge, Zürich +each /m)
  expect(await run('policy', 'set', 'token', 'a', 'note=b')).toMatchObject({ exitCode: 2 })
  expect(await run('policy', 'set', 'plan', 'free', 'token_days_max=0')).toEqual({
    exitCode: 1,
    out: '',
    errors:
      'tollgate: The database refuses this: plan token days max is 1 to 3650 (plan_token_days_max_is_1_to_3650).\n',
  })

  expect(await run('ban', 'add', '--reason', 'x')).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('--account'),
  })
  await run('ban', 'add', '--account', 'alice', '--reason', 'Harvests the index', '--for', '7d')
  expect((await run('ban', 'list')).out).toMatch(
    /^ban-alice +alice +- +- +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +Harvests the index$/m,
  )
  expect((await run('ban', 'remove', '--account', 'alice')).out).toMatch(/^Removed:/)
  expect((await run('ban', 'list')).out).toBe('Nobody is banned\n')

  const audit = await run('audit', '--table', 'limit_rule', '--since', '1h')
  const [, removed = '', changed = '', added = ''] = audit.out.split('\n')
  expect([removed, changed, added]).toEqual([
    expect.stringMatching(/ alice-daily +removed id=alice-daily /),
    expect.stringMatching(/ alice-daily +note nothing → For the release, amount 100 → 200\.5$/),
    expect.stringMatching(/ alice-daily +added id=alice-daily .*amount=100/),
  ])
  const page = JSON.parse((await run('audit', '--count', '1', '--output', 'json')).out)
  expect(page.changes).toHaveLength(1)
  const next = JSON.parse((await run('audit', '--count', '1', '--after', page.next, '--output', 'json')).out)
  expect(Number(next.changes[0].id)).toBeLessThan(Number(page.changes[0].id))
  expect(await run('audit', '--after', 'x')).toMatchObject({
    exitCode: 1,
    errors: expect.stringContaining('page of the audit'),
  })
})

test('refusals lists what was refused, page by page', async () => {
  await using database = await openLedgerDatabase()
  const hourMs = Math.floor(Date.now() / 3_600_000) * 3_600_000
  const row = { hourMs, account: 'alice', project: 'vision', department: 'research', surface: 'pypi' } as const
  const rest = { limitName: 'daily', cause: 'quota', firstAtMs: hourMs, lastAtMs: hourMs + 61_000 } as const
  const log = createPostgresRefusalLog(database.pool)
  await log.add(['numpy', 'torch'].map((resource) => ({ ...row, ...rest, resource, count: 3 })))
  async function run(...words: readonly string[]) {
    const context = recordedContext({ refusals: async () => createPostgresRefusalReader(database.pool) })
    const exitCode = await runCli(['refusals', ...words], context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }
  const first = await run('--account', 'alice', '--count', '1')
  expect(first.out).toMatch(
    /^HOUR +ACCOUNT +PROJECT +SURFACE +RESOURCE +CAUSE +LIMIT +COUNT +LAST\n.* numpy +quota +daily +3 .*:01:01 UTC\n/,
  )
  const [, after = ''] = /--after (\S+)/.exec(first.out) ?? []
  const second = JSON.parse((await run('--account', 'alice', '--count', '1', '--after', after, '--output', 'json')).out)
  expect(second.rows).toEqual([
    expect.objectContaining({ resource: 'torch', count: 3, limit: 'daily', hour: new Date(hourMs).toISOString() }),
  ])
  expect(second.next).toBeUndefined()
  expect((await run('--account', 'bob')).out).toBe('Nothing was refused\n')
  expect(await run('--account', "x' OR true")).toMatchObject({ exitCode: 1, errors: expect.stringContaining('no id') })
})
