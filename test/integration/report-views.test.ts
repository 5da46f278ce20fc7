import pg from 'pg'
import { expect, test } from 'vitest'
import { migrate } from '../../src/postgres/migrate.ts'
import { createDatabase } from '../support/databases.ts'
import { people } from '../support/report-books.ts'

async function withClient(work: (client: pg.Client) => Promise<void>): Promise<void> {
  await using database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

const viewsQuery = `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'tollgate_report'::regnamespace ORDER BY 1`

test('tollgate_reader reads every view of tollgate_report, and nothing else', async () => {
  await withClient(async (client) => {
    const views = (await client.query<{ name: string }>(viewsQuery)).rows.map(({ name }) => name)
    expect(views.length).toBeGreaterThan(12)
    const tables = await client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'tollgate'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')`,
    )
    await client.query('CREATE VIEW tollgate_report.later AS SELECT 1 AS one')
    await client.query('SET ROLE tollgate_reader')
    for (const view of [...views, 'later']) await client.query(`SELECT * FROM tollgate_report.${view} LIMIT 1`)
    for (const { name } of tables.rows)
      await expect(client.query(`SELECT * FROM tollgate."${name}" LIMIT 1`)).rejects.toThrow(/permission denied/)
    for (const statement of [
      'INSERT INTO tollgate_report.person (account) VALUES (NULL)',
      'DELETE FROM tollgate_report.person',
      "UPDATE tollgate_report.use_by_hour SET account = ''",
      'CREATE TABLE tollgate_report.mine (a int)',
      'SELECT tollgate.rebuild_usage_sums()',
      'CREATE TABLE public.mine (a int)',
    ])
      await expect(client.query(statement), statement).rejects.toThrow(
        /permission denied|cannot (insert|delete|update)/,
      )
  })
})

test('tollgate_reader sees of which packages a project used how much, and of people only how much; tollgate_people_reader sees both', async () => {
  await withClient(async (client) => {
    await client.query(`${people}
      INSERT INTO tollgate.usage_hour VALUES
        ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'torch', 'charged', 2, 0, 2, 10.5, 2000000, 0),
        ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'numpy', 'charged', 1, 1, 1, 1.5, 7, 0);
      SELECT tollgate.fold_usage_moved();
      INSERT INTO tollgate.usage_hour VALUES ('2026-11-21T15:00Z', 'carol', 'vision', 'research', 'pypi', 'torch', 'charged', 1, 0, 1, 2, 5, 0);
      INSERT INTO tollgate.refusal_hour (hour, account, project, department, surface, resource, limit_name, cause, count, first_at, last_at) VALUES
        ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'torch', 'daily', 'quota', 4, '2026-11-21T15:10Z', '2026-11-21T15:20Z'),
        ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'numpy', 'daily', 'quota', 2, '2026-11-21T15:05Z', '2026-11-21T15:15Z');
      SET ROLE tollgate_reader`)
    const perPerson = await client.query(
      `SELECT c.table_name FROM information_schema.columns c JOIN information_schema.columns a USING (table_schema, table_name)
        WHERE c.table_schema = 'tollgate_report' AND c.column_name = 'resource' AND a.column_name = 'account'`,
    )
    expect(perPerson.rows).toEqual([])
    await expect(client.query('SELECT FROM tollgate_report_people.use_by_hour')).rejects.toThrow(/permission denied/)
    const own = `SELECT account, requests::int, not_yet_final::int, credits::float8 FROM tollgate_report.use_by_hour ORDER BY account`
    expect((await client.query(own)).rows).toEqual([
      { account: 'alice', requests: 3, not_yet_final: 1, credits: 12 },
      { account: 'carol', requests: 1, not_yet_final: 0, credits: 2 },
    ])
    const together = `SELECT resource, credits::float8 FROM tollgate_report.use_of_project_resources_by_hour WHERE project = 'vision' ORDER BY 2 DESC`
    expect((await client.query(together)).rows).toEqual([
      { resource: 'torch', credits: 12.5 },
      { resource: 'numpy', credits: 1.5 },
    ])
    const refused = `SELECT refusals::int, first_at, last_at FROM tollgate_report.refusal`
    expect((await client.query(refused)).rows).toEqual([
      { refusals: 6, first_at: new Date('2026-11-21T15:05Z'), last_at: new Date('2026-11-21T15:20Z') },
    ])
    await client.query('RESET ROLE; SET ROLE tollgate_people_reader')
    const named = `SELECT resource FROM tollgate_report_people.use_by_hour WHERE account = 'alice' ORDER BY 1`
    expect((await client.query(named)).rows).toEqual([{ resource: 'numpy' }, { resource: 'torch' }])
    expect((await client.query('SELECT FROM tollgate_report_people.refusal')).rowCount).toBe(2)
    expect((await client.query(own)).rowCount).toBe(2)
    await expect(client.query('SELECT FROM tollgate.usage_hour')).rejects.toThrow(/permission denied/)
  })
})

test('no view of tollgate_report shows a column that holds secrets, addresses or what targets answer', async () => {
  await withClient(async (client) => {
    const { rows } = await client.query<{ used: string }>(`
      SELECT DISTINCT t.relname || '.' || a.attname AS used
        FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
        JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       WHERE v.relnamespace IN ('tollgate_report'::regnamespace, 'tollgate_report_people'::regnamespace) AND d.classid = 'pg_rewrite'::regclass AND d.refobjsubid > 0`)
    const used = rows.map((row) => row.used)
    expect(used).toContain('token.expires_at')
    const kept = used.filter((name) =>
      /\.(digest|hint|target|secret|former_secret|address|subjects|data|credential|ticket_key|stopped_why|last_error|error|fingerprint|body)$/.test(
        name,
      ),
    )
    // Only whether there was one.
    expect(kept).toEqual(['alert_delivery.error'])
  })
})

test('quota_now takes the most specific row of a limit, adds grants, and finds the running window of each calendar', async () => {
  await withClient(async (client) => {
    await client.query(`${people}
      UPDATE tollgate.account SET time_zone = 'Asia/Shanghai' WHERE id = 'alice';
      INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_plan, applies_to_account, applies_to_project, per, week_starts) VALUES
        ('daily', 'daily', 'quota', 'credits', 100, 'day', 'free', NULL, NULL, 'account', NULL),
        ('daily-alice', 'daily', 'quota', 'credits', 200, 'day', NULL, 'alice', NULL, 'account', NULL),
        ('weekly', 'weekly', 'quota', 'requests', 1000, 'week', NULL, NULL, 'vision', 'project', 'sunday');
      INSERT INTO tollgate.grant (id, limit_name, account, amount, starts_at, ends_at) VALUES
        ('more', 'daily', 'alice', 50, now() - interval '1 hour', now() + interval '1 hour'),
        ('over', 'daily', 'alice', 7, now() - interval '2 hours', now() - interval '1 hour');
      INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
      SELECT partition, 'account', 'alice', 'any', 'credits', 'day', 'Asia/Shanghai', date_trunc('day', now(), 'Asia/Shanghai'),
             date_trunc('day', now(), 'Asia/Shanghai') + interval '1 day', 125 FROM tollgate.account WHERE id = 'alice';`)
    const { rows } = await client.query(
      `SELECT account, limit_name, amount::float8, used::float8, percent::float8,
              reset_at = date_trunc('day', now(), time_zone) + interval '1 day' AS is_midnight, extract(dow FROM reset_at AT TIME ZONE time_zone) AS weekday,
              reset_at > now() AND reset_at <= now() + interval '7 days' AS is_next
         FROM tollgate_report.quota_now ORDER BY account, limit_name`,
    )
    expect(rows).toMatchObject([
      { account: 'alice', limit_name: 'daily', amount: 250, used: 125, percent: 50, is_midnight: true },
      { account: 'alice', limit_name: 'weekly', amount: 1000, used: null, percent: 0, weekday: '0', is_next: true },
      { account: 'bob', limit_name: 'daily', amount: 100, used: null },
      { account: 'carol', limit_name: 'daily', amount: 100 },
    ])
  })
})

test('views of sums say what usage_hour says, before and after folding', async () => {
  await withClient(async (client) => {
    await client.query(`${people}
      INSERT INTO tollgate.usage_hour VALUES
        ('2026-11-21T15:00Z', 'alice', 'vision', 'research', 'pypi', 'torch', 'charged', 2, 0, 2, 10.5, 2000000, 0),
        ('2026-11-21T16:00Z', 'alice', 'vision', 'research', 'gpu', 'ddcolor', 'charged', 1, 0, 1, 3, 7, 1500);`)
    const look = () =>
      client.query(`
        SELECT (SELECT sum(credits)::float8 FROM tollgate_report.use_by_day) AS days, (SELECT sum(credits)::float8 FROM tollgate_report.use_of_projects_by_hour) AS hours,
               (SELECT sum(gpu_seconds)::float8 FROM tollgate_report.use_of_resources_by_day WHERE resource = 'ddcolor') AS seconds,
               (SELECT sums_behind::int FROM tollgate_report.books) AS behind`)
    expect((await look()).rows).toEqual([{ days: 13.5, hours: 13.5, seconds: 1.5, behind: 2 }])
    await client.query('SELECT tollgate.fold_usage_moved()')
    expect((await look()).rows).toEqual([{ days: 13.5, hours: 13.5, seconds: 1.5, behind: 0 }])
  })
})

test('several databases of one server migrate at once, and a user who may not make roles migrates too', async () => {
  await using one = await createDatabase({ migrated: false })
  await using two = await createDatabase({ migrated: false })
  await using three = await createDatabase({ migrated: false })
  const admin = new pg.Client({ connectionString: three.url })
  await admin.connect()
  const user = `owner_${three.name}`
  try {
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE ${three.name} TO ${user}`)
    const url = new URL(three.url)
    url.username = user
    url.password = 'p'
    const runs = await Promise.all([one.url, two.url, url.href].map((target) => migrate(target)))
    expect(new Set(runs.map(({ applied }) => applied.length)).size).toBe(1)
  } finally {
    await admin.end()
  }
})
