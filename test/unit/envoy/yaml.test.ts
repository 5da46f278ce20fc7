import { expect, test } from 'vitest'
import { writeYaml } from '../../../envoy/yaml.ts'

test('writeYaml() quotes whatever YAML would read as something else than the text', () => {
  const words = ['true', 'No', 'off', 'null', '10s', '0.25s', '*', '127.0.0.1', '@type', 'a: b', '', 'y']
  const lines = writeYaml({ words }, {}).trim().split('\n').slice(1)
  expect(lines).toEqual(words.map((word) => `- ${JSON.stringify(word)}`))
})

test('writeYaml() leaves plain words bare', () => {
  expect(writeYaml({ name: 'envoy.filters.http.router', path: '/run/tollgate/0.sock' }, {})).toBe(
    'name: envoy.filters.http.router\npath: /run/tollgate/0.sock\n',
  )
})

test('writeYaml() nests maps in lists and puts a reason above the first place of its key only', () => {
  const config = { outer: [{ port: 1, inner: { on: true } }, { port: 2 }], empty: {} }
  expect(writeYaml(config, { port: 'Any.' })).toBe(
    ['outer:', '# Any.', '- port: 1', '  inner:', '    "on": true', '- port: 2', 'empty: {}', ''].join('\n'),
  )
})
