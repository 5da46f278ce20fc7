import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { deleteRow, readRow, writeRow } from '../../../src/manage/policy-rows.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { createPostgresPolicyRows } from '../../../src/postgres/policy-rows.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')
const root: Actor = { kind: 'account', id: 'root-admin', role: 'admin', project: 'vision' }

test('writeRow() writes a domain by any visible name and limits of its descriptors, by text or as JSON', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(people)
  const office = { rows: createPostgresPolicyRows(database.pool) }
  const name = 'Zürich, 中文: a/b'
  const domain = { actor: root, table: 'descriptor_domain', key: name.split(',') }
  expect((await writeRow(office, { ...domain, values: { posture: 'deny' } })).new['id']).toBe(name)
  expect((await readRow(office, domain))['posture']).toBe('deny')
  const limit = { actor: root, table: 'descriptor_limit', key: ['d'] }
  const values = { domain: name, amount: '250', unit: 'day', replaces: 'a,b' }
  const made = await writeRow(office, { ...limit, values: { ...values, entries: '[{"key":"user","value":"*"}]' } })
  expect([made.new['entries'], made.new['amount'], made.new['replaces']]).toEqual([
    [{ key: 'user', value: '*' }],
    '250',
    ['a', 'b'],
  ])
  const entries = [{ key: 'user', share_threshold: true }, { key: 'a"b' }]
  expect((await writeRow(office, { ...limit, values: { ...made.new, entries } })).new['entries']).toEqual(entries)
  for (const wrong of ['[{"key":', '[{"key":"a\\u0000"}]', 'x'.repeat(32_001), [{ key: '\uD800' }]]) {
    await expect(writeRow(office, { ...limit, values: { entries: wrong } })).rejects.toMatchObject({
      code: 'not_valid',
      message: expect.stringContaining('entries must be JSON'),
    })
  }
  for (const wrong of ['null', '[]', '{"key":"a"}', [{ key: 5 }]]) {
    await expect(writeRow(office, { ...limit, values: { entries: wrong } })).rejects.toMatchObject({
      code: 'not_valid',
      message: expect.stringContaining('(descriptor_limit_entries_are_a_path)'),
    })
  }
  await expect(deleteRow(office, { ...domain, isLastMeant: true })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('descriptor_limit_domain_exists'),
  })
})
