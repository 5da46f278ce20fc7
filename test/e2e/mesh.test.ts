import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGpu } from '../../demo/gpu.ts'
import { createInstallers, type Installers, pipVersions } from '../../demo/installers.ts'
import { type DemoUpstream, startMirror } from '../../demo/mirror.ts'
import { listenerName, meshBootstrap } from '../../envoy/bootstrap.ts'
import { type RunningEnvoy, startEnvoy } from '../../scripts/servers/envoy.ts'
import { createScratchFolder, createSocketFolder } from '../../scripts/state-folder.ts'
import { startAllowAll } from '../support/allow-all.ts'

let mirror: DemoUpstream
let gpu: DemoUpstream
let envoy: RunningEnvoy
let installers: Installers
let endAllowAll: () => void
let baseUrl: string

beforeAll(async () => {
  const socket = join(createSocketFolder(), 'allow.sock')
  const folder = createScratchFolder('mesh')
  mirror = await startMirror()
  gpu = await startGpu()
  endAllowAll = await startAllowAll(socket)
  installers = await createInstallers(folder)
  const config = meshBootstrap({
    listener: { host: '127.0.0.1', port: 0 },
    tollgateSockets: [socket],
    upstreams: [
      { id: 'gpu', prefix: '/gpu/', address: { host: '127.0.0.1', port: gpu.port } },
      { id: 'mirror', prefix: '/', address: { host: '127.0.0.1', port: mirror.port } },
    ],
    authorizeMsMax: 1_000,
  })
  envoy = await startEnvoy({ config, scratchFolder: folder })
  baseUrl = `http://127.0.0.1:${envoy.ports[listenerName]}`
})

afterAll(async () => {
  await envoy.stop()
  endAllowAll()
  await mirror.stop()
  await gpu.stop()
})

test.for(pipVersions)('pip %s installs a tree of packages from the mirror through Envoy', async (version) => {
  const run = await installers.pip(version, { indexUrl: `${baseUrl}/simple/`, packages: ['fruit-salad'] })
  expect(run.text).toContain('Successfully installed')
  expect(run.code).toBe(0)
  expect(run.modules).toEqual(expect.arrayContaining(['fruit_salad', 'apricot', 'cherry', 'damson', 'fig']))
})

test('uv installs a tree of packages, and asks for metadata instead of whole wheels', async () => {
  const before = mirror.requests().length
  const run = await installers.uv({ indexUrl: `${baseUrl}/simple/`, packages: ['fruit-salad'] })
  expect(run.text).toContain('Installed 8 packages')
  expect(run.code).toBe(0)
  const urls = mirror
    .requests()
    .slice(before)
    .map((request) => request.url)
  expect(urls.filter((url) => url.endsWith('.metadata'))).toHaveLength(8)
  expect(urls.filter((url) => url.endsWith('.whl'))).toHaveLength(8)
})

test('pip verifies and installs the wheel of 30 MB', async () => {
  const run = await installers.pip('26.3', { indexUrl: `${baseUrl}/simple/`, packages: ['watermelon'] })
  expect(run.text).toContain('Successfully installed watermelon-1.0')
})

test('the mirror answers HTML, 304, 206 and 416 through Envoy', async () => {
  const page = await fetch(`${baseUrl}/simple/Damson/`, { headers: { accept: 'text/html' } })
  const html = await page.text()
  const file = /href="([^"#]+)/.exec(html)?.[1] ?? ''
  const again = await fetch(page.url, {
    headers: { accept: 'text/html', 'if-none-match': page.headers.get('etag') ?? '' },
  })
  const fileUrl = new URL(file, page.url)
  const part = await fetch(fileUrl, { headers: { range: 'bytes=0-3' } })
  const outside = await fetch(fileUrl, { headers: { range: 'bytes=99999999-' } })
  expect(page.headers.get('content-type')).toBe('text/html')
  expect(again.status).toBe(304)
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toMatch(/^bytes 0-3\/\d+$/)
  expect(await part.text()).toBe('PK\x03\x04')
  expect(outside.status).toBe(416)
})

test('the GPU route reaches its server without its prefix', async () => {
  const reply = await fetch(`${baseUrl}/gpu/v1/chat/completions`, { method: 'POST', body: '{}' })
  expect(reply.status).toBe(200)
  expect(gpu.requests().at(-1)?.url).toBe('/v1/chat/completions')
})
