import { expect, test } from 'vitest'
import { clientFamilyOf } from '../../../src/core/client-family.ts'

test.each([
  ['pip/26.3 {"ci":null,"cpu":"x86_64","installer":{"name":"pip","version":"26.3"}}', 'pip', 'installer'],
  ['uv/0.13.9 {"installer":{"name":"uv","version":"0.13.9","subcommand":["pip","install"]}}', 'uv', 'installer'],
  ['poetry/2.5.1 CPython/3.11.7 Linux/6.1.0', 'poetry', 'installer'],
  ['pdm/2.29.3 CPython/3.11.7 Linux/6.1.0', 'pdm', 'installer'],
  ['twine/7.0.0 CPython/3.11.7', 'twine', 'publisher'],
  ['bandersnatch/6.8.0 (cpython 3.11.7-final0, Linux x86_64) (aiohttp 3.14.5)', 'bandersnatch', 'proxy'],
  ['bandersnatch 6.8.0 aiohttp XML-RPC client (Python: 3.11.7.final.0, version: 1.5.0)', 'bandersnatch', 'proxy'],
  ['devpi-server/6.20.3 (py3.11.7; linux)', 'devpi', 'proxy'],
  ['proxpi/1.3.1', 'proxpi', 'proxy'],
  ['curl/8.5.0', 'other', 'script'],
  ['python-requests/2.32.3', 'other', 'script'],
  ['Mozilla/5.0 (X11) pip/26.3', 'other', 'script'],
  ['', 'other', 'script'],
])('clientFamilyOf(%j) is %s', (agent, name, role) => {
  expect(clientFamilyOf({ headers: new Map([['user-agent', agent]]) })).toMatchObject({ name, role })
})

test('clientFamilyOf() takes a caller without user agent for a script', () => {
  expect(clientFamilyOf({ headers: new Map() })).toEqual({ name: 'other', role: 'script' })
})
