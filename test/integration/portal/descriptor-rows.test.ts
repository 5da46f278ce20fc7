import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

const domain = `descriptor_domain/${encodeURIComponent('edge, Zürich: a/b')}`

test('an admin writes, reads, lists and removes domains and limits of descriptors; nobody else does', async () => {
  const { adam, lena } = people
  expect(await portal.call(`PUT /api/policy/${domain}`, { token: adam, body: { counting: 'each' } })).toMatchObject({
    status: 200,
    body: { old: null, new: { id: 'edge, Zürich: a/b', counting: 'each', posture: 'allow' } },
  })
  const entries = [{ key: 'user', value: 'a*', share_threshold: true }, { key: 'path' }]
  const body = { domain: 'edge, Zürich: a/b', entries, amount: 10, unit: 'second', replaces: ['x'] }
  expect(await portal.call('PUT /api/policy/descriptor_limit/ten', { token: lena, body })).toMatchObject({
    status: 403,
  })
  const written = await portal.call('PUT /api/policy/descriptor_limit/ten', { token: adam, body })
  expect(written).toMatchObject({ status: 200, body: { new: { id: 'ten', entries, amount: '10', replaces: ['x'] } } })
  const read = await portal.call('GET /api/policy/descriptor_limit/ten', { token: adam })
  const again = await portal.call('PUT /api/policy/descriptor_limit/ten', { token: adam, body: read.body })
  expect(again).toMatchObject({ status: 200, body: { new: read.body } })
  const listed = await portal.call('GET /api/policy/descriptor_limit?column=unit&value=second', { token: adam })
  expect(listed).toMatchObject({ status: 200, body: { rows: [{ id: 'ten' }], next: null } })
  expect(await portal.call(`DELETE /api/policy/${domain}?last=remove`, { token: adam })).toMatchObject({ status: 409 })
  const removed = await portal.call('DELETE /api/policy/descriptor_limit/ten?last=remove', { token: adam })
  expect(removed).toMatchObject({ status: 200, body: { old: { id: 'ten' } } })
  expect(await portal.call(`DELETE /api/policy/${domain}?last=remove`, { token: adam })).toMatchObject({ status: 200 })
})

const refusals = [
  { what: 'no list', entries: { key: 'user' }, status: 400, detail: /./ },
  { what: 'a list in a list', entries: [{ key: ['user'] }], status: 400, detail: /./ },
  { what: 'a number', entries: [{ key: 'user', value: 5 }], detail: /\(descriptor_limit_entries_are_a_path\)/ },
  { what: 'look-ahead', entries: [{ key: 'user', regex: 'a(?=b)' }], detail: /\(descriptor_limit_regex_is_re2\)/ },
  {
    what: 'no network',
    entries: [{ key: 'ip', cidr: '10.0.0.0/40' }],
    detail: /\(descriptor_limit_cidr_is_a_network\)/,
  },
  { what: 'NUL in a text', entries: '[{"key":"a\\u0000"}]', detail: /entries must be JSON/ },
  { what: 'no such domain', entries: [{ key: 'user' }], detail: /\(descriptor_limit_domain_exists\)/ },
] as const

test.each(refusals)('entries with $what are refused and say why', async ({ entries, detail, ...rest }) => {
  const body = { domain: 'nowhere', entries, amount: 10, unit: 'second' }
  const answer = await portal.call('PUT /api/policy/descriptor_limit/bad', { token: people.adam, body })
  expect(answer.status).toBe('status' in rest ? rest.status : 422)
  expect((answer.body as { detail: string }).detail).toMatch(detail)
})
