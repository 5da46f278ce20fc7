import { expect, test } from 'vitest'
import { openLedgerDatabase } from '../support/ledger-database.ts'
import { people } from '../support/report-books.ts'

const add = (columns: string, values: string) =>
  `INSERT INTO tollgate.credit_price (id, price, currency, ${columns}) VALUES (${values})`

test('credit_price refuses what no report could use, by a rule that says why', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(people)
  for (const [statement, rule] of [
    [add('starts_at', `'a', -1, 'CNY', '2026-01-01T00:00Z'`), 'credit_price_is_not_negative'],
    [add('starts_at', `'a', 1, 'yuan', '2026-01-01T00:00Z'`), 'credit_price_currency_is_three_capitals'],
    [add('starts_at', `'a', 1, 'CNY', '2026-01-01T00:30Z'`), 'credit_price_starts_with_an_hour'],
    [add('starts_at', `'a', 1, 'CNY', 'infinity'`), 'credit_price_starts_with_an_hour'],
    [add('starts_at, surface', `'a', 1, 'CNY', '2026-01-01T00:00Z', 'disk'`), 'credit_price_surface_is_known'],
    [add('starts_at, department', `'a', 1, 'CNY', '2026-01-01T00:00Z', 'nobody'`), 'credit_price_department_exists'],
  ] as const)
    await expect(database.pool.query(statement), statement).rejects.toThrow(rule)
  await database.pool.query(add('starts_at', `'a', 1, 'CNY', '2026-01-01T00:00Z'`))
  await expect(database.pool.query(add('starts_at', `'b', 2, 'CNY', '2026-01-01T00:00Z'`))).rejects.toThrow(
    'credit_price_is_one_per_hour_department_and_surface',
  )
})

test('credit_price is recorded, and the most specific row that has started counts', async () => {
  await using database = await openLedgerDatabase()
  await database.pool.query(`${people}
    INSERT INTO tollgate.credit_price (id, department, surface, price, currency, starts_at) VALUES
      ('any', NULL, NULL, 1, 'CNY', '2026-01-01T00:00Z'), ('any-later', NULL, NULL, 2, 'CNY', '2026-03-01T00:00Z'),
      ('gpu', NULL, 'gpu', 3, 'CNY', '2026-02-01T00:00Z'), ('labs', 'labs', NULL, 4, 'CNY', '2026-02-01T00:00Z'),
      ('labs-gpu', 'labs', 'gpu', 5, 'CNY', '2026-04-01T00:00Z')`)
  const at = async (department: string, surface: string, instant: string) =>
    (await database.rows('SELECT (tollgate.credit_price_at($1, $2, $3)).id', [department, surface, instant]))[0]?.['id']
  expect(await at('research', 'pypi', '2025-12-31T23:00Z')).toBe(null)
  expect(await at('research', 'pypi', '2026-01-01T00:00Z')).toBe('any')
  expect(await at('research', 'pypi', '2026-05-01T00:00Z')).toBe('any-later')
  expect(await at('research', 'gpu', '2026-05-01T00:00Z')).toBe('gpu')
  expect(await at('labs', 'gpu', '2026-03-15T00:00Z')).toBe('labs')
  expect(await at('labs', 'gpu', '2026-04-01T00:00Z')).toBe('labs-gpu')
  expect(
    await database.rows(`SELECT count(*)::int AS count FROM tollgate.policy_change WHERE table_name = 'credit_price'`),
  ).toEqual([{ count: 5 }])
})
