import { expect, test } from 'vitest'
import { Fault, faultCodes } from '../../../src/core/fault.ts'
import { problemOf, troubleOf, troubleOfCause } from '../../../src/portal/problem.ts'

const request = { docsBase: 'https://docs.example/blocked', requestId: '00000000-0000-4000-8000-000000000000' }

test('every fault has an answer, and those of ours say nothing of the inside', () => {
  for (const code of faultCodes) {
    const { trouble, isOurs } = troubleOf(new Fault(code, 'PostgreSQL at 10.0.0.1 does not answer'))
    expect(trouble.status).toBeGreaterThanOrEqual(400)
    if (trouble.status >= 500) expect(trouble.detail).not.toContain('10.0.0.1')
    expect(isOurs).toBe(trouble.status === 500)
  }
})

test('what nobody has named is 500 without its message', () => {
  const { trouble, isOurs } = troubleOf(new TypeError('secret is undefined'))
  expect({ ...trouble, isOurs }).toMatchObject({ status: 500, isOurs: true })
  expect(trouble.detail).not.toContain('secret')
})

test('problemOf() points to the page of refusals where the gate says the same, else names the error', () => {
  expect(problemOf(troubleOfCause('no_token'), request)).toMatchObject({
    type: 'https://docs.example/blocked#no_token',
    status: 401,
    instance: `urn:uuid:${request.requestId}`,
  })
  expect(problemOf(troubleOf(new Fault('conflict', 'x')).trouble, request)).toMatchObject({
    type: 'urn:tollgate:error:conflict',
  })
})

test('an unknown and a revoked token have one answer', () => {
  expect(troubleOfCause('wrong_token')).toEqual(troubleOfCause('wrong_token'))
  expect(troubleOfCause('unavailable')).toMatchObject({ status: 503, retryAfterS: 2 })
})
