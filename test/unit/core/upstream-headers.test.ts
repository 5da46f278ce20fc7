import { expect, test } from 'vitest'
import type { Principal } from '../../../src/core/principal.ts'
import { upstreamHeaders } from '../../../src/core/upstream-headers.ts'

const anonymous: Principal = {
  account: {
    id: 'alice',
    partition: 1,
    kind: 'person',
    role: 'member',
    project: 'web',
    plan: 'standard',
    timeZone: 'UTC',
    disabled: false,
  },
  project: { id: 'web', partition: 1, department: 'research' },
  department: { id: 'research', partition: 1 },
}
const alice: Principal = {
  ...anonymous,
  token: { id: 't1', digest: '', account: 'alice', partition: 1, expiresAtMs: 0 },
}
const always = ['proxy-authorization', 'x-envoy-auth-failure-mode-allowed', 'x-envoy-auth-partial-body']

test('a known caller is named to the upstream, its Authorization stays here', () => {
  expect(upstreamHeaders({ principal: alice })).toEqual({
    set: [
      { name: 'x-tollgate-account', value: 'alice' },
      { name: 'x-tollgate-project', value: 'web' },
      { name: 'x-tollgate-department', value: 'research' },
    ],
    removed: ['authorization', ...always],
  })
})

test.each([{ principal: anonymous }, {}])(
  'nobody can pretend to be somebody: identity headers of an anonymous caller are removed',
  (caller) => {
    expect(upstreamHeaders(caller)).toEqual({
      set: [],
      removed: ['x-tollgate-account', 'x-tollgate-project', 'x-tollgate-department', 'authorization', ...always],
    })
  },
)

test('the own credential of the upstream replaces the caller’s, and no header is both set and removed', () => {
  const { set, removed } = upstreamHeaders({ principal: alice, credential: 'Basic bWlycm9yOnNlY3JldA==' })
  expect(set.at(-1)).toEqual({ name: 'authorization', value: 'Basic bWlycm9yOnNlY3JldA==' })
  expect(removed).toEqual(always)
})

test('a value that would break a header is made harmless', () => {
  const { set } = upstreamHeaders({ credential: 'Bearer x\r\nx-evil: 1é' })
  expect(set).toEqual([{ name: 'authorization', value: 'Bearer x??x-evil: 1?' }])
})
