import { expect, test } from 'vitest'
import { readResource } from '../../../src/core/read-resource.ts'

const hash = 'e'.repeat(60)
const wheel = 'Demo_Pkg-1.0-py3-none-any.whl'
const read = (target: string, { method = 'GET', grammar = 'pypi', mountPath = '' } = {}) =>
  readResource({ grammar, mountPath }, { method, target })

test.each([
  ['pypi', '', '/simple/', 'root', '', '', ''],
  ['pypi', '', '/simple', 'root', '', '', ''],
  ['pypi', '', '/simple/Demo.Pkg/', 'index', 'demo-pkg', '', ''],
  ['pypi', '', '/simple/demo', 'index', 'demo', '', ''],
  ['pypi', '', '/simple/demo/?format=json', 'index', 'demo', '', ''],
  ['pypi', '', '/pypi/demo/json', 'index', 'demo', '', ''],
  ['pypi', '', `/packages/aa/bb/${hash}/${wheel}`, 'artifact', 'demo-pkg', wheel, ''],
  ['pypi', '', `/packages/aa/bb/${hash}/${wheel}.metadata`, 'metadata', 'demo-pkg', wheel, ''],
  [
    'pypi',
    '',
    `/packages/aa/bb/${hash}/torch-2.1.0%2Bcu121-cp311-cp311-linux_x86_64.whl`,
    'artifact',
    'torch',
    'torch-2.1.0+cu121-cp311-cp311-linux_x86_64.whl',
    '',
  ],
  ['pypi', '/pypi', '/pypi/simple/demo/', 'index', 'demo', '', '/pypi'],
  ['pypi', '/a/b', `/a/b/packages/aa/bb/${hash}/${wheel}`, 'artifact', 'demo-pkg', wheel, '/a/b'],
  ['pypiserver', '', '/simple/demo/', 'index', 'demo', '', ''],
  ['pypiserver', '', '/packages/', 'root', '', '', ''],
  ['pypiserver', '', `/packages/${wheel}`, 'artifact', 'demo-pkg', wheel, ''],
  ['devpi', '', '/root/mir/+simple/', 'root', '', '', '/root/mir'],
  ['devpi', '', '/root/mir/+simple/demo/', 'index', 'demo', '', '/root/mir'],
  ['devpi', '', `/root/mir/+f/abc/0123456789abc/${wheel}`, 'artifact', 'demo-pkg', wheel, '/root/mir'],
  ['devpi', '/idx', '/idx/root/mir/%2Bsimple/demo/', 'index', 'demo', '', '/idx/root/mir'],
])(
  'readResource() reads %s (mounted at %j) %s as %s',
  (...[grammar, mountPath, target, kind, resource, file, indexRoot]) => {
    expect(read(target, { grammar, mountPath })).toMatchObject({ kind, resource, file, indexRoot })
  },
)

test('readResource() gives both spellings of a devpi file one path, the key of the size catalogue', () => {
  const spelt = [
    `/root/mir/+f/abc/0123/${wheel}`,
    `/root/mir/%2Bf/abc/0123/${wheel}`,
    `/root/mir/%2bf/abc/0123/${wheel}?x=1`,
  ]
  const paths = spelt
    .map((target) => read(target, { grammar: 'devpi' }))
    .map((found) => (found.kind === 'invalid' ? '' : found.path))
  expect(new Set(paths)).toEqual(new Set([`/root/mir/+f/abc/0123/${wheel}`]))
})

test.each([
  ['POST', '/legacy/', 'pypi', 'upload'],
  ['PUT', '/legacy', 'pypi', 'upload'],
  ['POST', '/', 'pypiserver', 'upload'],
  ['POST', '/root/mir/', 'devpi', 'upload'],
  ['POST', '/pypi', 'pypi', 'other'],
  ['POST', '/simple/demo/', 'pypi', 'other'],
  ['DELETE', '/simple/demo/', 'pypi', 'other'],
  ['OPTIONS', `/packages/aa/bb/${hash}/${wheel}`, 'pypi', 'other'],
  ['HEAD', '/simple/demo/', 'pypi', 'index'],
  ['GET', '/legacy/', 'pypi', 'other'],
])('readResource() reads %s %s of %s as %s', (...[method, target, grammar, kind]) => {
  expect(read(target, { method, grammar }).kind).toBe(kind)
})

test.each([
  ['/quota/status', '', 'status'],
  ['/quota/status?verbose', '', 'status'],
  ['/pypi/quota/status', '/pypi', 'status'],
  ['/quota/status', '/pypi', 'status'],
  ['/Quota/status', '', 'other'],
  ['/quota/status/x', '', 'other'],
  ['/-/denied/quota/daily/x', '', 'landing'],
  ['/pypi/-/denied/x', '/pypi', 'landing'],
  ['/-/Denied/x', '', 'other'],
  ['/x/-/denied/x', '', 'other'],
])('readResource() reads our own page %s (mounted at %j) as %s', (target, mountPath, kind) => {
  expect(read(target, { mountPath }).kind).toBe(kind)
})

test('readResource() reads a denial below a devpi index', () => {
  expect(read('/root/mir/-/denied/quota/daily', { grammar: 'devpi' })).toMatchObject({
    kind: 'landing',
    indexRoot: '/root/mir',
  })
})

/** What a lenient server may still map to a file or a page must not become a cheap kind. */
test.each([
  ['/SIMPLE/demo/', 'other'],
  ['/simple/index.html', 'other'],
  ['/simple./demo/', 'other'],
  ['/simple/-demo/', 'other'],
  ['/simple/demo/extra', 'other'],
  ['/', 'other'],
  ['/favicon.ico', 'other'],
  [`/simple/demo/${wheel}`, 'artifact'],
  [`/simple/${wheel}`, 'artifact'],
  [`/PACKAGES/aa/bb/${hash}/${wheel}`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel.toUpperCase()}`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel}/`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel}.`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel}.METADATA`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel}.metadata/`, 'artifact'],
  [`/packages/aa/bb/${hash}/${wheel}/x.whl.metadata`, 'artifact'],
  [`/elsewhere/${wheel}.metadata`, 'artifact'],
  [`/packages/aa/bb/${hash}/README`, 'artifact'],
  [`/packages/aa/bb/${hash}/%44emo_Pkg-1.0-py3-none-any.%77hl`, 'artifact'],
  [`/%70ackages/aa/bb/${hash}/${wheel}`, 'artifact'],
])('readResource() never reads %s as something cheaper than %s', (target, kind) => {
  expect(read(target).kind).toBe(kind)
})

test('readResource() keeps the package of a file whose name has a tail that some file systems drop', () => {
  expect(read(`/packages/aa/bb/${hash}/${wheel}.`)).toMatchObject({ kind: 'artifact', resource: 'demo-pkg' })
  expect(read(`/packages/aa/bb/${hash}/${wheel}::$DATA`)).toMatchObject({ kind: 'artifact', resource: 'demo-pkg' })
})

test('readResource() of a file beside the mount path is an artifact, and no other path there is cheap', () => {
  expect(read(`/other/packages/${wheel}`, { mountPath: '/pypi' })).toMatchObject({
    kind: 'artifact',
    indexRoot: '/pypi',
  })
  expect(read('/other/simple/demo/', { mountPath: '/pypi' }).kind).toBe('other')
  expect(read('/PYPI/simple/demo/', { mountPath: '/pypi' }).kind).toBe('other')
  expect(read('/pypi2/', { grammar: 'pypiserver', mountPath: '/pypi', method: 'POST' }).kind).toBe('other')
})

test('readResource() of an unknown grammar knows nothing and stays dear', () => {
  expect(read('/simple/demo/', { grammar: 'nexus' }).kind).toBe('other')
  expect(read(`/x/${wheel}`, { grammar: 'nexus' }).kind).toBe('artifact')
})

test.each([
  ['//simple/demo/', 'The path must not hold empty segments; write single slashes'],
  ['/packages//x.whl', 'The path must not hold empty segments; write single slashes'],
  ['//', 'The path must not hold empty segments; write single slashes'],
  ['/simple/demo//', 'The path must not hold empty segments; write single slashes'],
  ['/simple/../packages/x.whl', 'The path must not hold . or .. segments'],
  ['/simple/./demo/', 'The path must not hold . or .. segments'],
  ['/simple/%2e%2E/packages/x.whl', 'The path must not hold . or .. segments'],
  ['/simple/.%2e/x', 'The path must not hold . or .. segments'],
  ['/simple/demo%2Fx.whl', 'The path must not hold encoded slashes or backslashes'],
  ['/simple%5Cdemo', 'The path must not hold encoded slashes or backslashes'],
  ['/simple\\demo', 'The path must not hold encoded slashes or backslashes'],
  ['/simple/demo%252e', 'The path must be percent-encoded once, not twice'],
  ['/simple/%25', 'The path must be percent-encoded once, not twice'],
  ['/simple/%zz', 'Every % in the path must be followed by two hexadecimal digits'],
  ['/simple/demo%2', 'Every % in the path must be followed by two hexadecimal digits'],
  ['/simple/demo%', 'Every % in the path must be followed by two hexadecimal digits'],
  ['/simple/demo%00.whl', 'The path must not hold control characters'],
  ['/simple/demo\u0000', 'The path must not hold control characters'],
  ['/simple/%0a', 'The path must not hold control characters'],
  ['/simple/demo;v=1/', 'The path holds a character that no package or file name has'],
  ['/simple/demo%3Bx', 'The path holds a character that no package or file name has'],
  ['/simple/demo%3Fx', 'The path holds a character that no package or file name has'],
  ['/simple/demo%23x', 'The path holds a character that no package or file name has'],
  ['/simple/demo#x', 'The path holds a character that no package or file name has'],
  ['/simple/de mo', 'The path holds a character that no package or file name has'],
  ['/simple/caf%C3%A9', 'The path holds a character that no package or file name has'],
  ['/simple/%ff', 'The path holds a character that no package or file name has'],
  ['/simple/\u00e9', 'The path holds a character that no package or file name has'],
  [`/simple/${'a'.repeat(256)}/`, 'The path must have at most 2048 characters and 255 between slashes'],
  [`/${'a/'.repeat(1_100)}`, 'The path must have at most 2048 characters and 255 between slashes'],
  [`/${'%61'.repeat(1_000_000)}`, 'The path must have at most 2048 characters and 255 between slashes'],
  ['', 'The path must begin with one slash'],
  ['*', 'The path must begin with one slash'],
  ['http://host/simple/', 'The path must begin with one slash'],
])('readResource() refuses %j', (target, reason) => {
  expect(read(target)).toEqual({ kind: 'invalid', reason })
})

test('readResource() of the open layout takes every path for a call, as it is spelt', () => {
  const target = '/v1//models/meta-llama%2FLlama;x=1/../é%zz?a=b'
  expect(read(target, { grammar: 'http' })).toEqual({
    kind: 'call',
    resource: '',
    file: '',
    indexRoot: '',
    path: '/v1//models/meta-llama%2FLlama;x=1/../é%zz',
  })
  expect(read('/quota/status', { grammar: 'http' }).kind).toBe('status')
  expect(read('/a\u0000', { grammar: 'http' }).kind).toBe('invalid')
  expect(read(`/${'a'.repeat(9_000)}`, { grammar: 'http' }).kind).toBe('invalid')
})
