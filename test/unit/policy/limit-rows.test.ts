import { expect, test } from 'vitest'
import { limitReader } from '../../../src/policy/limit-rows.ts'

const row = { id: 'r', name: 'r', kind: 'rate', surface: 'api', posture: 'deny', shadow: false }

test('a faulty limit of the API that is to deny denies the API and nothing else', () => {
  expect(limitReader.substitute(row, undefined)?.noun).toMatchObject({ surface: 'api', isFaulty: true })
  expect(limitReader.substitute({ ...row, surface: 'npm' }, undefined)?.noun).toMatchObject({ surface: 'any' })
})
