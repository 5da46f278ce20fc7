import { expect, test } from 'vitest'
import { createDomain, patient, perYear } from '../support/descriptor-rows.ts'
import { startPlane } from '../support/plane.ts'
import { createRateLimitClient } from '../support/rate-limit-client.ts'

// Limits change by plain SQL while calls go on; counters belong to what was counted.
test.each(['memory', 'redis'] as const)(
  'on the %s store limits come, change and go on a running window',
  async (store) => {
    await using plane = await startPlane({ store, settings: patient })
    const domain = await createDomain(plane, { limits: [{ id: 'l', path: ['user'], columns: perYear(2) }] })
    const change = (set: string) => plane.policy(`UPDATE tollgate.descriptor_limit SET ${set} WHERE id = 'l'`)
    expect(await domain.tell({ user: 'a' }, 2)).toBe('OK 0')
    expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    // Raised: what was used stays used.
    await change('amount = 10')
    expect(await domain.tell({ user: 'a' })).toBe('OK 7')
    // Lowered below what was used.
    await change('amount = 1')
    expect(await domain.tell({ user: 'a' })).toBe('OVER_LIMIT 0')
    await change('shadow = true')
    expect(await domain.tell({ user: 'a' })).toBe('OK 0')
    await plane.policy(
      `DELETE FROM tollgate.descriptor_limit WHERE id = 'l'; SELECT tollgate.confirm_emptied('descriptor_limit')`,
    )
    const { code, statuses } = await domain.ask([{ of: { user: 'a' } }])
    expect([code, statuses[0]?.limit]).toEqual(['OK', undefined])
  },
)

test('a change of one transaction is in force as one', async () => {
  await using plane = await startPlane({ store: 'memory', settings: patient })
  await createDomain(plane, { limits: [{ path: ['user'], columns: perYear(1) }] })
  const client = createRateLimitClient(plane.address, { timeoutMs: 20_000 })
  plane.defer(() => client.close())
  const left = async () => {
    const asked = { domain: 'moved', descriptors: [{ of: { a: '1' } }, { of: { b: '1' } }] }
    return (await client.ask(asked)).statuses.map(({ limit }) => limit?.amount)
  }
  expect(await left()).toEqual([undefined, undefined])
  await plane.policy(`BEGIN;
    INSERT INTO tollgate.descriptor_domain (id) VALUES ('moved');
    INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit) VALUES
      ('a', 'moved', '[{"key":"a"}]', 5, 'year'), ('b', 'moved', '[{"key":"b"}]', 6, 'year');
    COMMIT`)
  expect(await left()).toEqual([5, 6])
  const seen = new Set<string>()
  const changed = plane.policy(`UPDATE tollgate.descriptor_limit SET amount = amount + 100 WHERE domain = 'moved'`)
  let ended = false
  void changed.then(() => {
    ended = true
  })
  while (!ended) seen.add(String(await left()))
  await changed
  seen.add(String(await left()))
  expect([...seen].filter((pair) => pair !== '5,6' && pair !== '105,106')).toEqual([])
  expect(seen).toContain('105,106')
})

test('a row that cannot be read leaves the last good one in force, and a domain without a row has no limits', async () => {
  await using plane = await startPlane({ store: 'memory', settings: patient })
  const domain = await createDomain(plane, { limits: [{ id: 'l', path: ['path=/a/*'], columns: perYear(1) }] })
  expect(await domain.tell({ path: '/a/1' })).toBe('OK 0')
  const bad = JSON.stringify([{ key: 'path', regex: '(' }])
  await plane.policy(`UPDATE tollgate.descriptor_limit SET entries = '${bad}' WHERE id = 'l'`)
  expect(await domain.tell({ path: '/a/1' })).toBe('OVER_LIMIT 0')
  await expect.poll(() => plane.gauges.get('policy_faults')).toBe(1)
  await expect(plane.sql(`DELETE FROM tollgate.descriptor_domain WHERE id = '${domain.id}'`)).rejects.toThrow(
    /descriptor_limit_domain_exists/,
  )
})
