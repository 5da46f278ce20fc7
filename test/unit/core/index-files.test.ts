import { expect, test } from 'vitest'
import { filesOfIndex, indexUrlOf } from '../../../src/core/index-files.ts'
import { readResource } from '../../../src/core/read-resource.ts'
import type { Upstream } from '../../../src/core/upstream.ts'

const upstream: Upstream = {
  ...{ id: 'mirror', surface: 'pypi', host: 'pypi.corp.example', mountPath: '/pypi', grammar: 'pypi' },
  originUrl: 'http://origin.internal:8080/root',
}
const indexUrl = 'http://origin.internal:8080/root/simple/demo/'

test.each([
  ['/pypi/simple/demo/', indexUrl],
  ['/pypi/simple/demo', indexUrl],
  ['/pypi/simple/Demo/', indexUrl],
  ['/pypi/simple/D%65mo', indexUrl],
  ['/pypi/simple/My_._Demo/', 'http://origin.internal:8080/root/simple/my-demo/'],
  ['/pypi/simple/', undefined],
  ['/pypi/pypi/demo/json', undefined],
  ['/simple/demo/', undefined],
])('the page %s is kept at %s', (target, url) => {
  expect(urlOf(upstream, target)).toBe(url)
})

test.each([
  ['/pypi/alice/dev/+simple/Demo/', 'http://origin.internal:8080/root/alice/dev/+simple/demo/'],
  ['/pypi/alice/d%65v/+simple/demo', 'http://origin.internal:8080/root/alice/dev/+simple/demo/'],
  ['/pypi/alice/dev/simple/demo/', undefined],
])('the page %s of a devpi is kept at %s', (target, url) => {
  expect(urlOf({ ...upstream, grammar: 'devpi' }, target)).toBe(url)
})

function urlOf(asked: Upstream, target: string): string | undefined {
  const resource = readResource(asked, { method: 'GET', target })
  return resource.kind === 'invalid' ? undefined : indexUrlOf(asked, resource)
}

test.each([
  ['../../packages/demo-1.0.tar.gz', '/pypi/packages/demo-1.0.tar.gz'],
  ['/root/packages/demo-1.0.tar.gz#sha256=abc', '/pypi/packages/demo-1.0.tar.gz'],
  ['http://origin.internal:8080/root/packages/%2Bf/demo-1.0.tar.gz', '/pypi/packages/+f/demo-1.0.tar.gz'],
  ['https://pypi.corp.example/pypi/packages/demo-1.0.tar.gz', '/pypi/packages/demo-1.0.tar.gz'],
])('a link %s is the path %s for clients', (url, path) => {
  expect(filesOfIndex({ files: [{ url, size: 12 }] }, { upstream, indexUrl })).toEqual([{ path, sizeBytes: 12 }])
})

test.each([
  { files: [{ url: 'https://elsewhere.example/demo-1.0.tar.gz', size: 12 }] },
  { files: [{ url: 'http://origin.internal:8080/outside/demo-1.0.tar.gz', size: 12 }] },
  { files: [{ url: '/root/packages/demo-1.0.tar.gz' }] },
  { files: [{ url: '/root/packages/demo-1.0.tar.gz', size: -1 }] },
  { files: [{ url: '/root/packages/demo-1.0.tar.gz', size: 1.5 }] },
  { files: [{ url: '/root/packages/demo-1.0.tar.gz', size: '12' }] },
  { files: [{ url: '/root/a%2Fb-1.0.tar.gz', size: 12 }] },
  { files: [{ url: 'http://[', size: 12 }, null, 3, []] },
  { files: { url: '/root/x', size: 1 } },
  { files: null },
  null,
  'files',
  [],
])('nothing is learnt from %j', (page) => {
  expect(filesOfIndex(page, { upstream, indexUrl })).toEqual([])
})
