import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { runCommand } from '../../demo/command.ts'
import type { World } from '../../demo/world.ts'
import { listenerName } from '../../envoy/bootstrap.ts'
import { startEnvoy } from '../../scripts/servers/envoy.ts'
import { createScratchFolder, rootFolder } from '../../scripts/state-folder.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

let world: World
let token: string

beforeAll(async () => {
  world = await createWorld({ store: 'memory', settings: { TOLLGATE_HELD_MAX: '2400' } })
  token = await addAccount(world, 'config')
})

afterAll(() => world.stop())

async function printed(...options: readonly string[]): Promise<string> {
  const { code, stdout, text } = await world.run('envoy-config', ...options)
  expect(code, text).toBe(0)
  return stdout
}

test('the real Envoy accepts what is printed for upstreams of every kind, and every value has its reason', async () => {
  await world.sql(`INSERT INTO tollgate.upstream (id, surface, host, mount_path, origin_url, grammar) VALUES
    ('public', 'pypi', 'pypi.example', '', 'https://pypi.org', 'pypi'),
    ('team', 'pypi', 'pypi.example', '/team', 'http://devpi.internal:3141/root/', 'devpi'),
    ('tollgate', 'gpu', NULL, '/own', 'http://127.0.0.1:8188', 'http'),
    ('tollgate_als', 'gpu', NULL, '/als', 'http://127.0.0.1:8188', 'http'),
    ('six', 'gpu', NULL, '/six', 'https://[2001:db8::6]:8443/v1', 'http')`)
  const file = join(createScratchFolder('envoy-config'), 'envoy.yaml')
  await world.sql(`INSERT INTO tollgate.descriptor_domain (id) VALUES ('edge 7')`)
  const yaml = await printed(
    ...['--processes', '2', '--node', 'edge-7', '--authorities', '/etc/ssl/certs/ca-certificates.crt'],
    ...['--rate-limits', 'edge 7'],
  )
  writeFileSync(file, yaml)
  const binary = join(rootFolder, '.cache/servers/envoy/_bin/envoy')
  const words = ['--mode', 'validate', '-c', file]
  const checked = await runCommand({ file: binary, args: words, environment: {}, folder: rootFolder })
  expect(checked.text).toContain(`configuration '${file}' OK`)
  expect(yaml).toContain('domain: "edge 7"')
  expect(yaml).toContain('# Check is the gate. ')
  expect(yaml).toContain('# Per RPC across the processes, one socket for each.')
  expect([...yaml.matchAll(/host_rewrite_literal: (.+)/g)].map(([, host]) => host)).toEqual([
    'pypi.org',
    '"[2001:db8::6]:8443"',
  ])
  expect([...yaml.matchAll(/max_requests: (\d+)/g)].map(([, calls]) => calls)).toEqual(['11000', '11000'])
  const sockets = [...yaml.matchAll(/path: (\/\S+tollgate-\d\.sock)/g)].map(([, path]) => path)
  expect(sockets).toHaveLength(4)
  expect(new Set(sockets).size).toBe(2)
  await world.sql(`DELETE FROM tollgate.upstream WHERE id IN ('public', 'team', 'six', 'tollgate', 'tollgate_als')`)
})

test('an Envoy that runs it serves, by mount path and by host', async () => {
  await world.sql(`UPDATE tollgate.upstream SET mount_path = '/pypi', host = 'packages.example' WHERE id = 'mirror'`)
  const config = JSON.parse(await printed('--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--output', 'json'))
  const envoy = await startEnvoy({ config, scratchFolder: createScratchFolder('envoy-config') })
  const base = `http://127.0.0.1:${envoy.ports[listenerName]}`
  const ask = (path: string, host: string) => call({ url: `${base}${path}`, token, headers: { host } })
  const gpu = { url: `${base}/gpu/v1/chat/completions`, method: 'POST', body: '{}', token }
  const replies = [
    await ask('/pypi/simple/fig/', 'packages.example'),
    await ask('/pypi/simple/fig/', 'packages.example:8080'),
    await ask('/quota/status', 'packages.example'),
    await call({ ...gpu, headers: { host: 'other.example' } }),
    await ask('/pypi/simple/fig/', 'other.example'),
  ]
  await envoy.stop()
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404])
  expect(world.mirror.requests().at(-1)?.url).toBe('/simple/fig/')
})

test('two upstreams at one place are refused by name, since which one is asked would be chance', async () => {
  await world.sql(
    `INSERT INTO tollgate.upstream (id, surface, mount_path, origin_url, grammar) VALUES ('gpu-two', 'gpu', '/gpu', 'http://127.0.0.1:1', 'http')`,
  )
  const { code, text } = await world.run('envoy-config')
  expect(text).toMatch(/Upstreams gpu and gpu-two are at the same place \(any host, path \/gpu\/\)/)
  expect(code).toBe(1)
  await world.sql(`DELETE FROM tollgate.upstream WHERE id = 'gpu-two'`)
})

test('a domain that has no row is refused by name, since it would limit nothing', async () => {
  const { code, text } = await world.run('envoy-config', '--rate-limits', 'edge 8')
  expect(text).toMatch(/There is no domain edge 8 yet: add a row to tollgate.descriptor_domain/)
  expect(code).toBe(1)
})

/** Looks until the limits of the shop are in force, taking nothing. */
async function untilShopOpens(): Promise<void> {
  const look = { entries: [{ key: 'user', value: 'nobody' }], hitsAddend: '0' }
  const body = JSON.stringify({ domain: 'shop', descriptors: [look] })
  const url = `${world.tollgate.opsUrl}/json`
  const ask = { method: 'POST', url, headers: { 'content-type': 'application/json' }, body }
  await untilReply(ask, (reply) => reply.body.includes('requestsPerUnit'), 10_000)
}

test('the shop of the README holds its limits in the Envoy that the README prints for it', async () => {
  const readme = readFileSync(join(rootFolder, 'README.md'), 'utf8')
  const [, words = ''] = /npm run --silent tollgate -- envoy-config (--rate-limits shop [^>\n]+) >/.exec(readme) ?? []
  const imported = await world.run('policy', 'import', 'ratelimit', join(rootFolder, 'demo/rate-limits.yaml'))
  expect(imported.code, imported.text).toBe(0)
  await world.sql(`UPDATE tollgate.upstream SET mount_path = '', host = NULL WHERE id = 'mirror'`)
  const options = [...words.split(' '), '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--output', 'json']
  const { code, stdout, text } = await world.run('envoy-config', ...options)
  expect(code, text).toBe(0)
  const envoy = await startEnvoy({ config: JSON.parse(stdout), scratchFolder: createScratchFolder('shop') })
  onTestFinished(() => envoy.stop())
  const url = `http://127.0.0.1:${envoy.ports[listenerName]}/simple/fig/`
  const statuses = async (ask: Parameters<typeof call>[0], times: number) => {
    const found: number[] = []
    for (let nth = 0; nth < times; nth += 1) found.push((await call(ask)).status)
    return found
  }
  const [shopper, ann] = [await addAccount(world, 'shopper'), await addAccount(world, 'ann')]
  await untilShopOpens()
  expect(await statuses({ url, token: shopper }, 4)).toEqual([200, 200, 200, 429])
  expect(await statuses({ url, token: ann }, 5)).toEqual([200, 200, 200, 200, 200])
  // No client can say that it is ann.
  expect(await statuses({ url, token: shopper, headers: { 'x-tollgate-account': 'ann' } }, 1)).toEqual([429])
  await world.sql(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit) VALUES
     ('near', 'shop', '[{"key":"remote_address","cidr":"127.0.0.0/8"}]', 0, 'day')`,
  )
  await untilReply({ url, token: ann }, ({ status }) => status === 429, 10_000)
})

test('limits that the printed Envoy does not ask about are named, beside it and in it', async () => {
  const { code, stdout, text } = await world.run('envoy-config', '--rate-limits', 'shop')
  const said = 'Envoy cannot know user by itself, so it asks about none of these limits of shop: user; user=ann.'
  expect(code).toBe(0)
  expect(text).toContain(`tollgate: ${said}`)
  expect(stdout).toContain(`# ${said}`)
  expect(stdout).not.toContain('tollgate: Envoy')
  expect(stdout).toContain('- remote_address: {}')
  const strange = await world.run('envoy-config', '--rate-limits', 'shop', '--entry', 'usr=x-tollgate-account')
  expect([strange.code, strange.text]).toEqual([
    1,
    expect.stringContaining('No limit of the domain shop has an entry usr'),
  ])
  const alone = await world.run('envoy-config', '--entry', 'user=x-tollgate-account')
  expect([alone.code, alone.text]).toEqual([2, expect.stringContaining('name it by --rate-limits')])
})
