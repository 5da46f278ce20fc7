import type pg from 'pg'

/** 2,000 accounts in 100 projects of 10 departments; 450 packages and 50 models, of which each account uses some 40, the first ones most. */
const people = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) SELECT 'department-' || d FROM generate_series(0, 9) AS d;
  INSERT INTO tollgate.project (id, department) SELECT 'project-' || p, 'department-' || p % 10 FROM generate_series(0, 99) AS p;
  INSERT INTO tollgate.account (id, project, plan) SELECT 'account-' || a, 'project-' || a % 100, 'free' FROM generate_series(1, 1990) AS a;
  INSERT INTO tollgate.credit_price (id, price, currency, starts_at) VALUES
    ('first', 0.01, 'CNY', '2025-01-01T00:00Z'), ('second', 0.012, 'CNY', '2026-04-01T00:00Z');
  INSERT INTO tollgate.credit_price (id, department, price, currency, starts_at) VALUES ('abroad', 'department-3', 0.002, 'USD', '2025-01-01T00:00Z')`

/** 400 days from 2025-10-01, 25,000 rows each, as ledgers write them: hour after hour. */
const hours = `
  INSERT INTO tollgate.usage_hour
  SELECT $1::timestamptz + (7 + (account * 5) % 9 + k / 3) * interval '1 hour', 'account-' || account, 'project-' || account % 100,
         'department-' || account % 10, CASE WHEN resource < 450 THEN 'pypi' ELSE 'gpu' END,
         CASE WHEN resource < 450 THEN 'package-' ELSE 'model-' END || resource, CASE WHEN k % 7 = 6 THEN 'free' ELSE 'charged' END,
         1 + k, 0, 1 + k, (1 + (k * 37 + account) % 400) / 4.0, (resource + 1) * 12345, CASE WHEN resource < 450 THEN 0 ELSE 1500 END
    FROM (SELECT account, k, (account * 7919 + (k % 3 + 3 * floor(13 * pow(
                 (hashint8($2::bigint * 1000003 + account * 31 + k)::bigint & 65535) / 65536.0, 2))::int) * 61) % 500 AS resource
            FROM generate_series(1, 2000) AS account, generate_series(0, 12) AS k WHERE k < 12 OR $2::bigint % 2 = 0) AS one
   ORDER BY 1`

const firstDayMs = Date.UTC(2025, 9, 1)
/** Fewer only to try the bench itself. */
const days = Number(process.env['BENCH_DAYS'] ?? 400)

/** Fills usage_hour with 10,000,000 rows and sums them: some minutes. Triggers and indexes come after the rows, which is why it is fast. */
export async function fillYearOfUse(sql: pg.Client): Promise<number> {
  await sql.query(people)
  const { rows } = await sql.query<{ name: string; definition: string }>(
    "SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = 'tollgate.usage_hour'::regclass AND contype = 'p'",
  )
  const [key] = rows
  if (key === undefined) throw new Error('usage_hour has no primary key')
  await sql.query(`SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; DROP INDEX tollgate.usage_hour_by_account;
    ALTER TABLE tollgate.usage_hour DROP CONSTRAINT ${key.name}`)
  for (let day = 0; day < days; day += 1)
    await sql.query(hours, [new Date(firstDayMs + day * 86_400_000).toISOString(), day])
  await sql.query(`ALTER TABLE tollgate.usage_hour ADD CONSTRAINT ${key.name} ${key.definition}`)
  await sql.query('CREATE INDEX usage_hour_by_account ON tollgate.usage_hour (account, hour)')
  await sql.query('SET session_replication_role = DEFAULT')
  await sql.query("SET work_mem = '256MB'; SELECT tollgate.rebuild_usage_sums()")
  await sql.query('VACUUM ANALYZE')
  const counted = await sql.query<{ count: number }>('SELECT count(*)::int AS count FROM tollgate.usage_hour')
  return counted.rows[0]?.count ?? 0
}
