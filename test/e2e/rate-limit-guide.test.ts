import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { call, untilReply } from '../../demo/caller.ts'
import type { World } from '../../demo/world.ts'
import { listenerName } from '../../envoy/bootstrap.ts'
import type { Config } from '../../envoy/config.ts'
import { startEnvoy } from '../../scripts/servers/envoy.ts'
import { createScratchFolder, rootFolder } from '../../scripts/state-folder.ts'
import { socketPaths } from '../../src/compose/sockets.ts'
import { readSettings } from '../../src/settings.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

const guide = readFileSync(join(rootFolder, 'docs/guides/rate-limits.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
const [routeOwn = '', routeOfCheck = '', gateway = '', alone = ''] = blocks('yaml')

let world: World
let token: string

/** As in the guide, with routes chosen by `x-case`: `export` has the guide's own rate limits, `search` goes by a limit of Check's. */
function asInGuide(config: Config): Config {
  const text = JSON.stringify(config, (key, value: unknown) => (key === 'routes' ? withRoutes(value) : value))
  return JSON.parse(text) as Config
}

interface Route {
  readonly name: string
  readonly route: Config
  readonly typed_per_filter_config: Config
}

function withRoutes(value: unknown): readonly unknown[] {
  const routes = value as readonly Route[]
  const mirror = routes.find(({ name }) => name === 'mirror')
  if (mirror === undefined) return routes
  const matchOf = (name: string) => ({ prefix: '/', headers: [{ name: 'x-case', string_match: { exact: name } }] })
  const own = parse(routeOwn) as Config
  const check = parse(routeOfCheck) as Pick<Route, 'route' | 'typed_per_filter_config'>
  return [
    { ...mirror, name: 'export', match: matchOf('export'), route: { ...mirror.route, ...own } },
    {
      ...{ name: 'search', match: matchOf('search'), route: { ...mirror.route, ...check.route } },
      typed_per_filter_config: { ...mirror.typed_per_filter_config, ...check.typed_per_filter_config },
    },
    ...routes,
  ]
}

beforeAll(async () => {
  world = await createWorld({ store: 'memory', rateLimitDomain: 'edge', mesh: asInGuide })
  token = await addAccount(world, 'reader')
  for (const statement of blocks('sql')) await world.sql(statement)
  await world.sql(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit) VALUES
    ('of-check', 'edge', '[{"key":"route","value":"search"}]', 1000, 'day')`)
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, applies_to_account)
     VALUES ('reader', 'daily-requests', 'quota', 'requests', 3, 'day', 'artifact', 'reader')`,
  )
})

afterAll(() => world.stop())

const asking = (name: string) => ({ url: `${world.baseUrl}/simple/fig/`, token, headers: { 'x-case': name } })

test('the statements put limits in force, and `envoy-config` prints a filter for them', async () => {
  const { code, stdout, text } = await world.run('envoy-config', '--rate-limits', 'edge')
  expect(code).toBe(0)
  expect(stdout).toContain('domain: edge')
  expect(stdout).toContain('- remote_address: {}')
  expect(text.match(/tollgate: Envoy cannot know \w+/g)).toEqual(['tollgate: Envoy cannot know route'])
  const rows = await world.sql(`SELECT amount::int FROM tollgate.descriptor_limit WHERE id = 'search-burst'`)
  expect(rows).toEqual([{ amount: 20 }])
})

test('the route of the guide holds a slot for each request and gives it back', async () => {
  for (let index = 0; index < 6; index += 1) {
    // Two at once are allowed, and the end of each is told in a call of its own.
    await untilReply(asking('export'), ({ status }) => status === 200, 2_000)
  }
})

test('a limit that Check tells stands in the place of a rule’s amount', async () => {
  await untilReply(asking('search'), ({ status }) => status === 429, 5_000)
  const over = await call(asking('search'))
  expect(over.headers['ratelimit-policy']).toContain('q=3;w=86400')
})

test('the Envoy without Check asks Tollgate about addresses', async () => {
  const [socket = ''] = socketPaths(readSettings(world.settings), 1)
  const text = alone
    .replace('/run/tollgate/0.sock', socket)
    .replace('port_value: 8080', `port_value: ${world.mirror.port}`)
    .replace('port_value: 10000', 'port_value: 0')
  const envoy = await startEnvoy({ config: parse(text), scratchFolder: createScratchFolder('alone') })
  const url = `http://127.0.0.1:${envoy.ports[listenerName]}/simple/fig/`
  const reply = await call({ url })
  await envoy.stop()
  expect(reply.status).toBe(200)
  expect(reply.headers['ratelimit']).toMatch(/^"remote_address";r=999;t=\d+$/)
})

test('what Envoy Gateway is told names the metadata that Check writes', () => {
  const policy = JSON.stringify(parse(gateway))
  expect(policy).toContain('"namespace":"envoy.filters.http.ext_authz","key":"limit.daily-requests"')
})
