import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isNamed } from '../../../src/grpc/client-names.ts'
import { createAuthority, read } from '../../support/certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'names-'))
const authority = createAuthority(folder)
afterAll(() => rmSync(folder, { recursive: true }))

/** Which of the names a real certificate with these subject alternative names proves. */
function proved(alsoNamed: readonly string[], names: readonly string[], name = 'common'): readonly string[] {
  const { subjectAltName } = new X509Certificate(read(authority.issue({ name, alsoNamed })).cert)
  const certificate = { subject: { CN: name } as never, ...(subjectAltName && { subjectaltname: subjectAltName }) }
  return names.filter((one) => isNamed(certificate, [one]))
}

test('isNamed() takes DNS names in any case and URIs as they are, among names of every kind', () => {
  const names = [
    'IP:10.0.0.1',
    'DNS:Envoy.mesh.example',
    'email:me@mesh.example',
    'URI:spiffe://mesh/Envoy',
    'DNS:other',
  ]
  expect(proved(names, ['envoy.MESH.example', 'spiffe://mesh/Envoy', 'OTHER'])).toHaveLength(3)
  expect(proved(names, ['10.0.0.1', 'me@mesh.example', 'spiffe://mesh/envoy', 'mesh.example', 'common'])).toEqual([])
})

test('isNamed() takes the common name only where there are no alternative names', () => {
  expect(proved([], ['Common', 'other'])).toEqual(['Common'])
  expect(proved(['IP:10.0.0.1'], ['common'])).toEqual([])
})

test('isNamed() lets nobody in by names that cannot be read', () => {
  const named = (subjectaltname: string) => ({ subject: { CN: 'envoy' } as never, subjectaltname })
  expect(isNamed(named('DNS:"envoy\\q", DNS:envoy'), ['envoy'])).toBe(false)
  expect(isNamed(named('DNS'), ['envoy'])).toBe(false)
  expect(isNamed({ subject: undefined as never }, ['envoy'])).toBe(false)
})

test.each([
  ['a directory name', 'directory:a, DNS:envoy'],
  ['a directory name without a comma', 'directory:DNS:envoy'],
  ['a mail address', 'email:"x, DNS:envoy"@a'],
  ['a URI', 'URI:http://a/DNS:envoy'],
])('isNamed() takes no name that only stands inside %s', (_, alsoNamed) => {
  expect(proved([alsoNamed], ['envoy'])).toEqual([])
})
