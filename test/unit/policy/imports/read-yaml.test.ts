import { expect, test } from 'vitest'
import { createFaults, faultLine } from '../../../../src/policy/imports/import-fault.ts'
import { readYaml } from '../../../../src/policy/imports/read-yaml.ts'

function read(bytes: string | Uint8Array) {
  const faults = createFaults()
  const value = readYaml({ name: 'f', bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes }, faults)
  return { value, found: faults.list().map(faultLine) }
}

test('readYaml() takes a byte order mark and line ends of Windows, and counts places as editors do', () => {
  const { value, found } = read('\ufeffa: 1\r\nb:\r\n  - x\r\n')
  expect(found).toEqual([])
  expect(value).toMatchObject({
    kind: 'map',
    fields: [
      { name: 'a' },
      { name: 'b', at: { line: 2, column: 1 }, value: { items: [{ at: { line: 3, column: 5 } }] } },
    ],
  })
})

test.each([
  ['NUL', Buffer.from('a: \0')],
  ['UTF-16', Buffer.from('\ufeffdomain: x', 'utf16le')],
  ['Latin-1', Buffer.from('a: \xe9', 'latin1')],
  ['a gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 1])],
])('readYaml() says that %s is no text', (_name, bytes) => {
  expect(read(bytes)).toEqual({ value: undefined, found: ['f:1:1: this is not a text in UTF-8: save it as one'] })
})

test.each(['[', '{a: ', '- ', '? ', '- - '])(
  'readYaml() says where %j is nested too deep, whatever its depth',
  (part) => {
    const { value, found } = read(part.repeat(10_000))
    expect(value).toBeUndefined()
    expect(found).toEqual([
      expect.stringMatching(/^f:1:\d+: (lists and fields are nested more than 64 deep|this is not YAML)/),
    ])
  },
)

test('readYaml() ends aliases of aliases at a bound, and says so once', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `l${level}: &l${level} [${
        level === 0
          ? 'x'
          : Array(10)
              .fill(`*l${level - 1}`)
              .join(', ')
      }]\n`,
  )
  const { found } = read(levels.join(''))
  expect(found).toEqual([expect.stringContaining('aliases make more than 500000 values of this file')])
})

test('readYaml() merges fields, own ones first, then those of the first map', () => {
  const { value, found } = read('a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { <<: [*a, *b], x: 3 }\n')
  expect(found).toEqual([])
  const fields = value?.kind === 'map' ? value.fields : []
  const merged = fields.find(({ name }) => name === 'c')?.value
  const texts =
    merged?.kind === 'map' ? merged.fields.map((field) => [field.name, 'text' in field.value && field.value.text]) : []
  expect(Object.fromEntries(texts)).toEqual({ x: '3', y: '1', z: '2' })
})

test('readYaml() takes what is set out as the reference takes it: lists that end at the margin, unknown directives', () => {
  expect(read('a: [\n  x,\n  y\n]\n').found).toEqual([])
  expect(read('%FOO bar\n---\na: 1\n').found).toEqual([])
})

test('readYaml() tells what an alias repeats once, and of a broken file the first fault', () => {
  expect(read('a: &a { x: 1, x: 2 }\nb: *a\nc: *a\n').found).toEqual(['f:1:15: "x" is there twice: keep one of them'])
  expect(read('  a: 1\nb: 2\nc: 3\n').found).toHaveLength(1)
})
