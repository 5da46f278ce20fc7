import { expect, test } from 'vitest'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const withoutIndex = `
  SELECT k.conname FROM pg_constraint k
   WHERE k.contype = 'f' AND k.connamespace = 'tollgate'::regnamespace AND NOT EXISTS (
     SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indpred IS NULL
        AND (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey)
   ORDER BY 1`

test('every foreign key has an index, so that removing or renaming what it points to reads no whole table', async () => {
  await using database = await openLedgerDatabase()
  expect((await database.rows(withoutIndex)).map(({ conname }) => conname)).toEqual([])
})

test('the changes of somebody who changed little are found without reading those of all', async () => {
  await using database = await openLedgerDatabase()
  await database.rows(`INSERT INTO tollgate.department (id) VALUES ('research')`)
  await database.rows(`INSERT INTO tollgate.policy_change (commit, by, table_name, key)
    SELECT (SELECT max(id) FROM tollgate.policy_commit), 'ada', 'grant', 'g' || n FROM generate_series(1, 20000) AS n`)
  await database.rows('ANALYZE tollgate.policy_change')
  const plan = await database.rows(
    `EXPLAIN SELECT id FROM tollgate.policy_change WHERE by = 'nobody' ORDER BY id DESC LIMIT 100`,
  )
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('policy_change_by_author')
})
