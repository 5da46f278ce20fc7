import { expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane } from '../support/plane.ts'

// `plane.counts` is what the rooms counted; that these names and labels make series is held in test/unit/check/hit-metrics.test.ts.
test.each(['memory', 'redis'] as const)(
  'on the %s store hits are told by rule, in portions as near as the limit',
  async (store) => {
    await using plane = await startPlane({ store, settings: patient })
    const path = ['user']
    const charging = { ...perYear(10), charges_refused: true }
    const domain = await createDomain(plane, {
      limits: [
        { id: 'charging', path, columns: charging },
        { id: 'sparing', path: ['address'], columns: perYear(10) },
        { id: 'free', path: ['free'], columns: { kind: 'unlimited' } },
      ],
    })
    for (const hits of [7, 2, 3, 1]) await domain.tell({ user: 'a' }, hits)
    // 7 within; 1 of 2 near; 1 of 3 near and 2 over; 1 over: as envoyproxy/ratelimit tells them.
    expect(domain.hits('charging')).toEqual({ total: 13, within: 9, near: 2, over: 3 })
    for (const hits of [7, 2, 3, 1]) await domain.tell({ address: '1' }, hits)
    // The 3 were refused whole, so the last 1 was inside, and near.
    expect(domain.hits('sparing')).toEqual({ total: 13, within: 10, near: 2, over: 3 })
    await domain.tell({ free: 'x' }, 50)
    expect(domain.hits('free')).toEqual({ total: 50, within: 50 })
    await domain.ask([{ of: { user: 'a' }, hits: 0 }])
    expect(domain.hits('charging')).toMatchObject({ total: 13 })
  },
)

test('the percentage from which hits are near is a setting', async () => {
  await using plane = await startPlane({ store: 'memory', settings: { ...patient, TOLLGATE_NEAR_PERCENT: '50' } })
  const domain = await createDomain(plane, { limits: [{ id: 'l', path: ['user'], columns: perYear(10) }] })
  await domain.tell({ user: 'a' }, 8)
  expect(domain.hits('l')).toMatchObject({ total: 8, near: 3 })
})

test('hits that fit are told apart where another limit of the call refused, and so are hits given back', async () => {
  await using plane = await startPlane({ store: 'memory', settings: patient })
  const domain = await createDomain(plane, {
    limits: [
      { id: 'wide', path: ['user'], columns: perYear(10) },
      { id: 'narrow', path: ['address'], columns: perYear(1) },
    ],
  })
  await domain.ask([{ of: { user: 'a' } }, { of: { address: '1' } }], 2)
  expect(domain.hits('wide')).toEqual({ total: 2, untaken: 2 })
  expect(domain.hits('narrow')).toEqual({ total: 2, over: 2 })
  await domain.tell({ user: 'a' }, 3)
  await domain.ask([{ of: { user: 'a' }, hits: 9, isNegative: true }])
  expect(domain.hits('wide')).toEqual({ total: 5, within: 3, untaken: 2, returned: 3 })
})

test('values are told only where the row says so, and a shared threshold tells its pattern', async () => {
  await using plane = await startPlane({ store: 'memory', settings: patient })
  const pattern = { key: 'file', value: 'files/*', value_to_metric: true }
  const domain = await createDomain(plane, {
    limits: [
      { id: 'plain', path: ['user'], columns: perYear(9) },
      { id: 'detailed', path: ['route', 'method=GET', 'user'], columns: { ...perYear(9), detailed_metric: true } },
      { id: 'own', path: [pattern], columns: perYear(9) },
      { id: 'shared', path: ['of', { ...pattern, share_threshold: true }], columns: perYear(9) },
    ],
  })
  await domain.tell({ user: 'alice' })
  await domain.tell({ route: 'api', method: 'GET', user: 'alice' })
  await domain.tell({ file: 'files/a' })
  await domain.tell({ of: 'x', file: 'files/b' })
  const once = { total: 1, within: 1 }
  expect(domain.hits('plain')).toEqual(once)
  expect(domain.hits('detailed', 'route=api, user=alice')).toEqual(once)
  expect(domain.hits('own', 'file=files/a')).toEqual(once)
  expect(domain.hits('shared', 'file=files/*')).toEqual(once)
})

test('what was not counted by a rule is counted by its case', async () => {
  await using plane = await startPlane({ store: 'memory', settings: patient })
  const domain = await createDomain(plane, {
    limits: [
      { id: 'one', path: ['a'], columns: { ...perYear(9), name: 'one' } },
      { id: 'two', path: ['b'], columns: { ...perYear(9), replaces: '{one}' } },
    ],
  })
  await domain.ask([{ of: { a: 'x' } }, { of: { b: 'x' } }])
  await domain.ask([{ of: { nothing: 'x' } }])
  await domain.ask([{ of: { a: 'x' }, limit: { requestsPerUnit: 5, unit: 6 } }])
  await domain.ask([{ of: { a: 'x' }, limit: { requestsPerUnit: 5, unit: 99 } }])
  await domain.elsewhere([{ of: { a: 'x' } }])
  for (const one of ['replaced', 'no_rule', 'override', 'unknown_unit', 'unknown_domain'])
    expect([one, plane.counts.get(`descriptor_cases_total[${one}]`)]).toEqual([one, 1])
  expect(domain.hits('(override)')).toEqual({ total: 1, within: 1 })
  expect(domain.hits('two')).toEqual({ total: 1, within: 1 })
})
