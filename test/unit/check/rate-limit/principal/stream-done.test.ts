import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { DescriptorRead } from '../../../../../src/check/rate-limit/principal/descriptor-principal.ts'
import { createStreamDone } from '../../../../../src/check/rate-limit/principal/stream-done.ts'
import { pathOf } from '../../../../../src/core/counted-path.ts'
import type { DescriptorRule, DomainRule } from '../../../../../src/core/descriptor-rule.ts'
import { Fault } from '../../../../../src/core/fault.ts'
import type { HitCounter } from '../../../../../src/core/hit.ts'
import { counterOf, markOf } from '../../../../../src/core/hit-counter.ts'
import type { DescriptorDomain, DescriptorNode } from '../../../../../src/core/match-descriptor.ts'
import { createPeriodMemo } from '../../../../../src/core/period-window.ts'
import { silentObserver } from '../../../../../src/telemetry/observer.ts'
import { noonMs, ticket } from '../../factories.ts'

const digest = (text: string): string => hash('sha256', text, 'base64url')

function rule(id: string, amount: DescriptorRule['amount']): DescriptorRule {
  const flags = { shadow: false, quotaMode: false, detailedMetric: false, replaces: [], position: 0 }
  const steps = [{ key: 'path', match: { kind: 'any' }, sharesThreshold: false, valueToMetric: false }] as const
  return { id, domain: 'edge', amount, steps, ...flags }
}

const cap = { kind: 'concurrency', amount: 2, slotMs: 60_000 } as const
const window = { kind: 'window', amount: 2, period: { unit: 'day', units: 1 } } as const

function node(rules: readonly DescriptorRule[], keys: Readonly<Record<string, DescriptorNode>> = {}): DescriptorNode {
  const branches = Object.entries(keys).map(
    ([key, any]) => [key, { exact: new Map(), patterns: { firstOf: () => undefined }, any }] as const,
  )
  return { rules, keys: new Map(branches) }
}

const api = node([rule('per-path', cap), rule('daily', window)], { rid: node([rule('per-account-and-path', cap)]) })
const domain: DescriptorDomain = {
  rule: { id: 'edge' } as DomainRule,
  root: node([], { path: api, rid: node([rule('per-account', cap)]) }),
}

function createWorld({ isAway = false } = {}) {
  const freed: unknown[] = []
  const counted: string[] = []
  const released: { counters: readonly HitCounter[]; slotId: string }[] = []
  const fail = (): never => {
    throw new Fault('store_unavailable', 'Away', { transient: true })
  }
  const done = createStreamDone({
    store: { release: async (reservation) => (isAway ? fail() : [freed.push(reservation)].flatMap(() => [])) },
    hits: { release: async (slots) => (isAway ? fail() : void released.push(slots)), nowMs: () => noonMs },
    ...{ digest, memo: createPeriodMemo() },
    observer: {
      ...silentObserver,
      count: (metric, labels = {}) => void counted.push([metric, ...Object.values(labels)].join(' ')),
      warn: (event) => void counted.push(event),
    },
  })
  return { done, freed, released, counted }
}

const reserved = (entries: DescriptorRead['entries']): DescriptorRead => ({
  entries,
  claim: { kind: 'reservation', ticket: ticket() },
  slotId: ticket().id,
  isStreamDone: true,
})

it("frees Check's slots by the ticket, also in a domain that nobody knows", async () => {
  const { done, freed, released } = createWorld()
  await done(reserved([{ key: 'rid', value: 'alice' }]), undefined)
  expect({ freed, released }).toEqual({ freed: [ticket()], released: [] })
})

it('frees slots of descriptors under the caps that match with the account and without, and no windows', async () => {
  const { done, released } = createWorld()
  const entries = [
    { key: 'path', value: '/a' },
    { key: 'rid', value: 'alice' },
  ]
  await done(reserved(entries), domain)
  const counter = (id: string, path: typeof entries) => counterOf(markOf(rule(id, cap)), pathOf('edge', path), digest)
  const counters = [counter('per-account-and-path', entries), counter('per-path', entries.slice(0, 1))]
  expect(released).toEqual([{ counters, slotId: ticket().id }])
})

it('frees by the request that a trusted caller names, and nothing of Check', async () => {
  const { done, freed, released } = createWorld()
  const entries = [{ key: 'path', value: '/a' }]
  await done({ entries, claim: { kind: 'none' }, slotId: 'q1', isStreamDone: true }, domain)
  expect(released).toMatchObject([{ slotId: 'q1', counters: [{ partition: expect.any(Number) }] }])
  expect(freed).toEqual([])
})

it('is over when the stores are away: slots end by the access log or by themselves', async () => {
  const { done, counted } = createWorld({ isAway: true })
  const entries = [{ key: 'rid', value: 'alice' }]
  await expect(done(reserved(entries), domain)).resolves.toBeUndefined()
  expect(counted).toEqual(['descriptor_cases_total store_away', 'descriptor_cases_total store_away'])
})
