import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createPackTools } from '../../../src/compose/pack-tools.ts'
import { seedDemo, seedPlans } from '../../../src/postgres/seeds.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

test('plans are seeded, packs listed and given by the command line alone', async () => {
  await using database = await openLedgerDatabase()
  const { pool } = database
  async function run(...words: readonly string[]) {
    const context = recordedContext({
      packs: async () => createPackTools(pool),
      seedPlans: () => seedPlans(pool),
      seedDemo: () => seedDemo(pool),
    })
    const exitCode = await runCli(words, context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }
  expect((await run('pack', 'list')).out).toBe('no packs\n')
  expect(await run('seed', 'plans')).toEqual({ exitCode: 0, out: 'the plans are in the database\n', errors: '' })
  expect((await run('pack', 'list')).out).toMatch(
    /^ID +LIMIT +ADDS +LASTS +PRICE +NOTE\n(.*\n)?vip-day +gpu-daily-credits +2000 +day +9\.90 CNY +200 photographs today$/m,
  )
  expect(await run('grant', 'pack', '--account', 'alice', '--pack', 'vip-day')).toEqual({
    exitCode: 1,
    out: '',
    errors: 'tollgate: There is no account alice.\n',
  })
  await run('seed', 'demo')
  const given = await run('grant', 'pack', '--account', 'alice', '--pack', 'vip-day', '--output', 'json')
  const [row] = await database.rows(`SELECT id, kind, account, limit_name, amount::int, ends_at FROM tollgate.grant`)
  expect(row).toMatchObject({ kind: 'pack', account: 'alice', limit_name: 'gpu-daily-credits', amount: 2000 })
  expect(JSON.parse(given.out)).toMatchObject({
    ...{ id: row?.['id'], kind: 'pack', limit: 'gpu-daily-credits', account: 'alice', amount: '2000' },
    ends_at: new Date(String(row?.['ends_at'])).toISOString(),
  })
  expect(await run('grant', 'pack', '--account', 'alice')).toMatchObject({ exitCode: 2 })
})
