import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readResource } from '../../src/core/read-resource.ts'

const layouts = [
  { grammar: 'pypi', mountPath: '', folder: `/packages/aa/bb/${'e'.repeat(60)}` },
  { grammar: 'pypi', mountPath: '/pypi', folder: `/pypi/packages/aa/bb/${'e'.repeat(60)}` },
  { grammar: 'pypiserver', mountPath: '', folder: '/packages' },
  { grammar: 'devpi', mountPath: '', folder: '/root/mir/+f/abc/0123456789abc' },
] as const
const files = ['demo_pkg-1.0-py3-none-any.whl', 'demo-pkg-1.0.tar.gz', 'Demo.Pkg-2.1.zip'] as const

const hex = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`

/** Each takes a spelling and a place in it and makes another spelling. */
const mutations = {
  encode: (path: string, at: number) => path.slice(0, at) + hex(path.charAt(at)) + path.slice(at + 1),
  encodeUpper: (path: string, at: number) =>
    path.slice(0, at) + hex(path.charAt(at)).toUpperCase() + path.slice(at + 1),
  encodeTwice: (path: string, at: number) =>
    path.slice(0, at) + hex(path.charAt(at)).replace('%', '%25') + path.slice(at + 1),
  upper: (path: string, at: number) => path.slice(0, at) + path.slice(at).toUpperCase(),
  lower: (path: string, at: number) => path.slice(0, at).toLowerCase() + path.slice(at),
  doubleSlash: insertAtSlash('/'),
  dot: insertAtSlash('/.'),
  encodedDot: insertAtSlash('/%2e'),
  dotDot: insertAtSlash('/x/..'),
  upAndDown: (path: string) => `/simple/demo/../..${path}`,
  encodedUp: (path: string) => `/simple/demo/%2E%2e/..${path}`,
  backslash: (path: string) => path.replace(/\/(?=[^/]*$)/, '\\'),
  encodedBackslash: (path: string) => path.replace(/\/(?=[^/]*$)/, '%5c'),
  encodedSlash: (path: string) => path.replace(/\/(?=[^/]*$)/, '%2F'),
  parameters: insertAtSlash(';v=1'),
  parametersAtEnd: (path: string) => `${path};v=1`,
  pathInfo: (path: string) => `${path}/x`,
  trailingSlash: (path: string) => `${path}/`,
  trailingDot: (path: string) => `${path}.`,
  trailingSpace: (path: string) => `${path}%20`,
  stream: (path: string) => `${path}::$DATA`,
  nul: (path: string) => `${path}%00.metadata`,
  nulIndex: (path: string) => `${path}%00/simple/demo/`,
  query: (path: string) => `${path}?x=.metadata`,
  encodedQuery: (path: string) => `${path}%3f.metadata`,
  encodedFragment: (path: string) => `${path}%23.metadata`,
} as const

function insertAtSlash(text: string) {
  return (path: string, at: number): string => {
    const slash = path.indexOf('/', at)
    return slash < 0 ? path : path.slice(0, slash) + text + path.slice(slash)
  }
}

/** Everything that some server or file system does to a path: does it end at the file? */
function isServedAsFile(target: string, file: string): boolean {
  let path = target.replace(/\?.*$/, '')
  for (let round = 0; round < 3; round += 1) {
    path = path.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  }
  const [cut = ''] = path.replaceAll('\u0000', '#').split(/[?#]/)
  return cut
    .replaceAll('\\', '/')
    .split('/')
    .map((segment) =>
      segment
        .replace(/;.*$/, '')
        .replace(/::\$data$/i, '')
        .replace(/[. ]+$/, ''),
    )
    .some((segment) => segment.toLowerCase() === file.toLowerCase())
}

const mutation = fc.tuple(fc.constantFrom(...Object.keys(mutations)), fc.nat(200))
const mutate = (path: string, steps: readonly (readonly [string, number])[]) =>
  steps.reduce(
    (spelling, [name, at]) => mutations[name as keyof typeof mutations](spelling, at % spelling.length),
    path,
  )

test('every spelling of a file that a lenient server may serve is the artifact of its package, or refused', () => {
  let served = 0
  let read = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...layouts),
      fc.constantFrom(...files),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      ({ folder, ...upstream }, file, steps) => {
        const target = mutate(`${folder}/${file}`, steps)
        if (!isServedAsFile(target, file)) return
        served += 1
        const found = readResource(upstream, { method: 'GET', target })
        if (found.kind === 'invalid') return
        read += 1
        expect({ target, kind: found.kind }).toEqual({ target, kind: 'artifact' })
        expect({ target, resource: 'resource' in found && found.resource }).toEqual({ target, resource: 'demo-pkg' })
      },
    ),
    { numRuns: 5_000 },
  )
  expect(served).toBeGreaterThan(2_000)
  expect(read).toBeGreaterThan(500)
})

test('any target is answered, and what is read has one spelling: no escapes, empty segments or dots are left', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^(\/|\.|%2[eEfF5]|%|simple|packages|\+f|demo|\.whl|;|\\)*$/),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...layouts),
      noise,
      fc.constantFrom('GET', 'HEAD', 'POST', 'TRACE'),
      (upstream, text, method) => {
        const found = readResource(upstream, { method, target: `/${text}` })
        if (found.kind === 'invalid') return
        expect(found.path).toMatch(/^\/[A-Za-z0-9._~!$&'()*+,=:@/-]*$/)
        expect(found.path).not.toMatch(/\/\/|\/\.{1,2}(\/|$)/)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a spelling that decodes to the canonical one is read as the canonical one', () => {
  const canonical = `${layouts[0].folder}/${files[0]}`
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(canonical.length - 1), { maxLength: 20 }), (places) => {
      const encoded = [...canonical]
        .map((letter, at) => (letter !== '/' && places.includes(at) ? hex(letter) : letter))
        .join('')
      expect(readResource(layouts[0], { method: 'GET', target: encoded })).toEqual(
        readResource(layouts[0], { method: 'GET', target: canonical }),
      )
    }),
  )
})
