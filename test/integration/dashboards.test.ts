import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rootFolder } from '../../scripts/state-folder.ts'
import { createDatabase } from '../support/databases.ts'
import { dashboards, expanded, type Panel, type Target } from '../support/grafana.ts'
import { people } from '../support/report-books.ts'

const types = { sql: 'grafana-postgresql-datasource', prometheus: 'prometheus' }
const [from, to] = [new Date(Date.now() - 7 * 86_400_000), new Date(Date.now() + 3_600_000)]

/** Something for every panel: use, refusals, quotas, tokens, alerts, deliveries, requests and grants of alice. */
const everything = `${people}
  INSERT INTO tollgate.usage_hour SELECT date_trunc('hour', now() - n * interval '5 hours', 'UTC'), account, project, 'research', surface, resource, 'charged', 3, 1, 3, 12.5, 4000, 250
    FROM generate_series(0, 9) n, (VALUES ('alice', 'vision', 'pypi', 'torch'), ('alice', 'vision', 'gpu', 'ddcolor'), ('bob', 'speech', 'pypi', 'numpy')) AS who (account, project, surface, resource);
  SELECT tollgate.fold_usage_moved(12);
  INSERT INTO tollgate.refusal_hour (hour, account, project, department, surface, resource, limit_name, cause, count, first_at, last_at)
  VALUES (date_trunc('hour', now(), 'UTC'), 'alice', 'vision', 'research', 'pypi', 'torch', 'daily', 'quota', 4, now(), now());
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", per) VALUES
    ('daily', 'daily', 'quota', 'credits', 10, 'day', 'account'), ('budget', 'budget', 'quota', 'credits', 1000, 'month', 'department');
  INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
  SELECT partition, 'account', 'alice', 'any', 'credits', 'day', 'UTC', date_trunc('day', now(), 'UTC'), date_trunc('day', now(), 'UTC') + interval '1 day', 9 FROM tollgate.account WHERE id = 'alice';
  INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ('alice-1', 'alice', repeat('a', 64), 'tg_a…z', now() + interval '1 day');
  INSERT INTO tollgate.grant (id, limit_name, account, amount, ends_at) VALUES ('more', 'daily', 'alice', 1, now() + interval '1 day');
  INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, ends_at, reason) VALUES ('ask', 'alice', 'daily', 'alice', 5, now() + interval '1 day', 'training');
  INSERT INTO tollgate.alert_event (id, key, type, account, project, department, limit_name, percent, level) VALUES ('evt_1', 'k', 'level', 'alice', 'vision', 'research', 'daily', 80, 'warning');
  INSERT INTO tollgate.alert_channel (id, kind, target, account) VALUES ('mail', 'email', 'alice@example.org', 'alice');
  INSERT INTO tollgate.alert_delivery (event, channel, state) VALUES ('evt_1', 'mail', 'failed');
  INSERT INTO tollgate.ledger_checkpoint (partition, epoch, position) VALUES (1, 'e', 'p');`

const values = { account: 'alice', project: 'vision', department: 'research' }

let client: pg.Client

beforeAll(async () => {
  const database = await createDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(everything)
  await client.query('SET ROLE tollgate_reader')
})

afterAll(() => client.end())

test('there is a dashboard for a person, with their packages apart, a project, a department and the system', () => {
  const names = ['department.json', 'person-packages.json', 'person.json', 'project.json', 'system.json']
  expect(dashboards.map(([name]) => name)).toEqual(names)
  expect(new Set(dashboards.map(([, { uid }]) => uid)).size).toBe(5)
})

test('variables offer the names of people, projects and departments', async () => {
  const asked = dashboards.flatMap(([, { templating }]) => templating.list.filter(({ type }) => type === 'query'))
  expect(asked.map(({ name }) => name).sort()).toEqual(['account', 'account', 'department', 'project'])
  for (const { name, query } of asked) {
    const { rows } = await client.query<Record<string, string>>(query)
    expect(rows.map((row) => Object.values(row)[0])).toContain(values[name as keyof typeof values])
  }
})

describe.each(dashboards)('%s', (file, dashboard) => {
  beforeAll(async () => {
    const role = file === 'person-packages.json' ? 'tollgate_people_reader' : 'tollgate_reader'
    await client.query(`RESET ROLE; SET ROLE ${role}`)
  })

  const variables = dashboard.templating.list
  const sqlTargets = dashboard.panels.flatMap((panel) =>
    (panel.targets ?? [])
      .filter(({ rawSql }) => rawSql !== undefined)
      .map((target) => [panel.title, panel, target] as const),
  )

  test('is a dashboard as Grafana takes it: panels with ids of their own, on a grid of 24 columns, none over another', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41)
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const [index, { title, gridPos: one }] of panels.entries()) {
      expect(title).not.toBe('')
      expect([one.x >= 0, one.w > 0, one.h > 0, one.x + one.w <= 24]).toEqual([true, true, true, true])
      for (const { title: other, gridPos: two } of panels.slice(index + 1)) {
        const isApart =
          one.x + one.w <= two.x || two.x + two.w <= one.x || one.y + one.h <= two.y || two.y + two.h <= one.y
        expect(isApart, `${title} and ${other}`).toBe(true)
      }
    }
  })

  test('asks data sources by variables that it has, so that it works wherever it is imported', () => {
    for (const { type, title, datasource, targets = [] } of dashboard.panels.filter(({ type }) => type !== 'row')) {
      expect(targets.length, `${type} ${title}`).toBeGreaterThan(0)
      for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
        const name = /^\$\{(sql|prometheus)\}$/.exec(source?.uid ?? '')?.[1] as keyof typeof types | undefined
        expect(source?.type).toBe(name && types[name])
        expect(variables).toContainEqual(expect.objectContaining({ name, type: 'datasource', query: source?.type }))
      }
    }
  })

  test.each(sqlTargets)('%s shows what it promises', async (__, panel, target) => {
    await expectShown(panel, target)
  })
})

const numeric = new Set([20, 21, 23, 700, 701, 1700])
const timestamptz = 1184

async function expectShown({ type, fieldConfig }: Panel, { rawSql = '', format }: Target): Promise<void> {
  const sql = expanded(rawSql, { from, to, values })
  expect(sql).not.toMatch(/\$/)
  const { fields, rows } = await client.query<Record<string, unknown>>(sql)
  expect(rows.length).toBeGreaterThan(0)
  const names = fields.map(({ name }) => name)
  for (const { matcher } of fieldConfig?.overrides ?? []) expect(names).toContain(matcher.options)
  if (format === 'time_series') {
    expect(fields[0]).toMatchObject({ name: 'time', dataTypeID: timestamptz })
    expect(names[1]).toBe('metric')
  }
  if (format === 'time_series' || type === 'stat') expect(numeric.has(fields.at(-1)?.dataTypeID ?? 0)).toBe(true)
  if (type === 'stat') expect([rows.length, fields.length]).toEqual([1, 1])
  if (type === 'bargauge') expect(names).toContain('percent')
}

test('the alert rules are ones that promtool takes', () => {
  const rules = join(rootFolder, 'deploy/prometheus/alerts.yml')
  const check = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })
  if (check.error !== undefined) {
    console.log('promtool is not installed here, so the alert rules were not shown to it.')
    return
  }
  expect(`${check.stdout}${check.stderr}`).toContain('SUCCESS')
  expect(check.status).toBe(0)
})
