import { describe, expect, test } from 'vitest'
import { compareSequence } from '../../differential/compare.ts'
import type { DescriptorConfig } from '../../differential/configuration.ts'
import type { WireDescriptor, WireStatus } from '../../differential/rate-limit-client.ts'

const user: WireDescriptor = { entries: [{ key: 'user', value: 'ann' }] }
const config: readonly DescriptorConfig[] = [{ key: 'user', rate_limit: { unit: 'minute', requests_per_unit: 5 } }]

function status(more: Partial<WireStatus> = {}): WireStatus {
  return {
    code: 'OK',
    currentLimit: { requestsPerUnit: 5, unit: 'MINUTE', name: '' },
    limitRemaining: 4,
    durationUntilReset: { seconds: '30', nanos: 0 },
    ...more,
  }
}

/** One request with these descriptors, and what both said. */
function exchange(descriptors: readonly WireDescriptor[], theirs: readonly WireStatus[], ours: readonly WireStatus[]) {
  const answer = (statuses: readonly WireStatus[]) => ({
    answer: {
      overallCode: statuses.some(({ code }) => code === 'OVER_LIMIT') ? 'OVER_LIMIT' : 'OK',
      ...{ statuses, responseHeadersToAdd: [], rawBody: Buffer.alloc(0) },
    },
  })
  const atMs = Date.UTC(2026, 10, 22, 12, 34, 56)
  return { request: { domain: 'd', descriptors }, theirs: answer(theirs), ours: answer(ours), atMs }
}

describe('compareSequence()', () => {
  test('finds nothing where both say the same', () => {
    const { met, unexplained } = compareSequence(config, [exchange([user], [status()], [status()])])
    expect([...met]).toEqual([])
    expect(unexplained).toEqual([])
  })

  test.each<[string, Partial<WireStatus>]>([
    ['code', { code: 'OVER_LIMIT' }],
    ['limit', { currentLimit: { requestsPerUnit: 6, unit: 'MINUTE', name: '' } }],
    ['limit', { currentLimit: { requestsPerUnit: 5, unit: 'HOUR', name: '' } }],
    ['limit', { currentLimit: { requestsPerUnit: 5, unit: 'MINUTE', name: 'x' } }],
    ['limit', { currentLimit: null }],
    ['remaining', { limitRemaining: 3 }],
    ['reset', { durationUntilReset: { seconds: '31', nanos: 0 } }],
    ['reset', { durationUntilReset: { seconds: '30', nanos: 1 } }],
    ['reset', { durationUntilReset: null }],
  ])('finds another %s: %j', (field, more) => {
    const { unexplained } = compareSequence(config, [exchange([user], [status()], [status(more)])])
    expect(unexplained).toHaveLength(1)
    expect(unexplained[0]).toContain(`request 1: status 1: ${field} `)
  })

  test('finds a status too few, an overall code that its statuses do not say, and a gRPC error', () => {
    const short = exchange([user], [status()], [])
    expect(compareSequence(config, [short]).unexplained).toEqual([
      'request 1: Tollgate gave 0 statuses for 1 descriptors',
    ])
    const same = exchange([user], [status()], [status()])
    const wrong = { ...same, ours: { answer: { ...same.ours.answer, overallCode: 'OVER_LIMIT' } } }
    expect(compareSequence(config, [wrong]).unexplained).toEqual([
      'request 1: Tollgate said OVER_LIMIT where its statuses say OK',
    ])
    const failed = { ...same, ours: { error: '14 UNAVAILABLE' } }
    expect(compareSequence(config, [failed]).unexplained).toEqual(['request 1: Tollgate failed: 14 UNAVAILABLE'])
  })

  test('takes an exact time for the same when it rounds up to the reference’s', () => {
    const exact = status({ durationUntilReset: { seconds: '29', nanos: 250_000_000 } })
    const { met, unexplained } = compareSequence(config, [exchange([user], [status()], [exact])])
    expect(unexplained).toEqual([])
    expect([...met]).toEqual([['exact-reset', 1]])
  })

  test('lets an override and its rule stand apart once both were asked, and not before', () => {
    const override: WireDescriptor = { ...user, limit: { requestsPerUnit: 9, unit: 2 } }
    const overridden = status({ currentLimit: { requestsPerUnit: 9, unit: 'MINUTE', name: '' }, limitRemaining: 8 })
    const first = exchange([override], [overridden], [overridden])
    const apart = exchange([user], [status({ limitRemaining: 3 })], [status()])
    const both = compareSequence(config, [first, apart])
    expect(both.unexplained).toEqual([])
    expect([...both.met]).toEqual([['joined-counters', 1]])
    expect(compareSequence(config, [apart]).unexplained).toHaveLength(1)
  })

  test('lets a limit stand that is in a ring of replaces, and its counter from then on', () => {
    const ring: readonly DescriptorConfig[] = [
      { key: 'user', rate_limit: { unit: 'minute', requests_per_unit: 5, name: 'a', replaces: [{ name: 'b' }] } },
      { key: 'ip', rate_limit: { unit: 'minute', requests_per_unit: 5, name: 'b', replaces: [{ name: 'a' }] } },
    ]
    const limit = { requestsPerUnit: 5, unit: 'MINUTE', name: 'a' }
    const none = status({ currentLimit: null, limitRemaining: 0, durationUntilReset: null })
    const kept = exchange([user], [none], [status({ currentLimit: limit })])
    const later = exchange(
      [user],
      [status({ currentLimit: limit })],
      [status({ currentLimit: limit, limitRemaining: 3 })],
    )
    expect(compareSequence(ring, [kept, later]).unexplained).toEqual([])
    expect(compareSequence(config, [kept]).unexplained.length).toBeGreaterThan(0)
    expect(compareSequence(ring, [later]).unexplained).toHaveLength(1)
  })

  test('lets entries match otherwise that another rule’s key and value read like when joined', () => {
    const joined: readonly DescriptorConfig[] = [{ key: 'user', value: '*', rate_limit: { unlimited: true } }]
    const tier: WireDescriptor = { entries: [{ key: 'user_tier', value: 'gold' }] }
    const none = status({ currentLimit: null, limitRemaining: 0, durationUntilReset: null })
    expect(compareSequence(joined, [exchange([tier], [status()], [none])]).unexplained).toEqual([])
    expect(compareSequence(joined, [exchange([user], [status()], [none])]).unexplained.length).toBeGreaterThan(0)
  })
})
