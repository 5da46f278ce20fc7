import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

const demo = readFileSync(new URL('../../../src/postgres/seeds/demo.sql', import.meta.url), 'utf8')
const paper = readFileSync(new URL('../../../docs/reference/api.md', import.meta.url), 'utf8')

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
    ('daily', 'daily-credits', 'quota', 'credits', 'account', 1000, 'day')`)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

test('the page of the API lists what the OpenAPI document has, in its words, and nothing else', async () => {
  const { body } = await portal.call('GET /api/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, { summary: string }>> }
  const there = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary }]) => `| \`${method.toUpperCase()} ${path}\` | ${summary} |`),
  )
  const told = paper.split('\n').filter((line) => /^\| `[A-Z]+ \//.test(line))
  expect(told.toSorted()).toEqual(there.toSorted())
})

test('each example of the page does what it says', async () => {
  const examples = paper.split('\n').filter((line) => line.startsWith('curl '))
  expect(examples.length).toBeGreaterThan(6)
  for (const example of examples) {
    const [, path = ''] = /"\$TOLLGATE([^"]+)"/.exec(example) ?? []
    const [, body] = / -d '([^']+)'/.exec(example) ?? []
    const [, limit = 'daily-credits'] = /"limit": "([^"]+)"/.exec(example) ?? []
    expect(demo, 'the page asks for a limit that the demo policy has').toContain(`'${limit}'`)
    const [, key] = /Idempotency-Key: ([^']+)'/.exec(example) ?? []
    const until = new Date(Date.now() + 86_400_000).toISOString()
    const told = await portal.call(`${body === undefined ? 'GET' : 'POST'} ${path}`, {
      token: people.alice,
      ...(body !== undefined && { body: JSON.parse(body.replace('UNTIL', until)) }),
      ...(key !== undefined && { headers: { 'idempotency-key': key } }),
    })
    expect({ example, status: told.status, body: told.body }).toMatchObject({ status: body === undefined ? 200 : 201 })
  }
})

test('the limit that the page writes is one that the policy takes', async () => {
  const [, sql = ''] = /```sql\n([\s\S]+?)```/.exec(paper) ?? []
  await portal.policy(sql)
  const [row] = await portal.sql(`SELECT surface FROM tollgate.limit_rule WHERE name = 'api-requests'`)
  expect(row).toEqual({ surface: 'api' })
})
