import { expect, test } from 'vitest'
import { assertMay } from '../../../src/manage/who-may.ts'

const alice = { kind: 'account', id: 'alice', role: 'member', project: 'vision' } as const

test('assertMay() says in a sentence who may not do what', () => {
  const bob = { account: 'bob', project: 'vision' }
  expect(() => assertMay(alice, 'list tokens', bob)).toThrow('alice may not list tokens of bob')
  const everything = { account: 'everyone', project: '' }
  expect(() => assertMay(alice, 'manage everything', everything)).toThrow('alice may not do what is for administrators')
})
