import { expect, test } from 'vitest'
import { grantEndingEvent } from '../../../src/alerts/grant-ending.ts'
import { ledgerLag, ledgerLagEvents, ledgerProgress } from '../../../src/alerts/ledger-lag.ts'
import { policyQuarantinedEvent } from '../../../src/alerts/policy-quarantined.ts'
import { tokenExpiringEvent } from '../../../src/alerts/token-expiring.ts'
import { tokenNetworksEvent } from '../../../src/alerts/token-networks.ts'
import { type Condition, createWatch } from '../../../src/alerts/watch.ts'
import type { NewAlertEvent } from '../../../src/core/alert-event.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'

function world(looks: Readonly<Record<string, () => { readonly hasMore: boolean }>>, everyMs = 10_000) {
  const seen: string[] = []
  const failed: string[] = []
  let nowMs = 0
  const conditions: Condition[] = Object.entries(looks).map(([name, look]) => ({
    name,
    everyMs,
    async look() {
      seen.push(name)
      return look()
    },
  }))
  const observer: Observer = {
    ...silentObserver,
    count: (_, labels = {}) => void failed.push(String(labels['condition'])),
  }
  const step = createWatch({ conditions, observer, nowMs: () => nowMs, restMs: 1_000 })
  return {
    ...{ step, failed },
    pass: (ms: number) => {
      nowMs += ms
    },
    looked: () => seen.splice(0),
  }
}

const nothing = () => ({ hasMore: false })

test('createWatch() looks at each condition when it is due, and says when the next one is', async () => {
  const { step, pass, looked } = world({ one: nothing, two: nothing })
  expect([await step(), looked()]).toEqual([10_000, ['one', 'two']])
  pass(4_000)
  expect([await step(), looked()]).toEqual([6_000, []])
  pass(6_000)
  expect([await step(), looked()]).toEqual([10_000, ['one', 'two']])
})

test('createWatch() looks again soon where there was more than one look may take', async () => {
  let left = 2
  const { step, pass, looked } = world({
    many: () => {
      left -= 1
      return { hasMore: left > 0 }
    },
    other: nothing,
  })
  expect([await step(), looked()]).toEqual([1_000, ['many', 'other']])
  pass(1_000)
  expect([await step(), looked()]).toEqual([9_000, ['many']])
})

test('createWatch() keeps no condition from its turn when another fails, counts it and throws at the end', async () => {
  const { step, pass, looked, failed } = world({
    broken: () => {
      throw new Error('away')
    },
    well: nothing,
  })
  await expect(step()).rejects.toThrow('away')
  expect([looked(), failed]).toEqual([['broken', 'well'], ['broken']])
  pass(1_000)
  expect([await step(), looked()]).toEqual([9_000, []])
})

const place = { account: 'alice', project: 'vision', department: 'research', timeZone: 'Asia/Shanghai' }
const told = { account: 'alice', project: 'vision', department: 'research' }

test.each([
  [48, 'info'],
  [24, 'warning'],
  [2, 'critical'],
] as const)('tokenExpiringEvent() of %i hours is %s and carries what its words need', (hours, level) => {
  const token = { ...place, id: 't1', key: 'k', hint: 'tg_AbCd…wxyz', expiresAtMs: 5_000, hours }
  expect(tokenExpiringEvent(token)).toEqual({
    ...{ key: 'k', type: 'token_expiring', level, aboutMs: 5_000, ...told },
    data: { token: 't1', hint: 'tg_AbCd…wxyz', hours, timeZone: 'Asia/Shanghai' },
  })
})

test('tokenNetworksEvent() says how many networks within how many hours', () => {
  expect(tokenNetworksEvent({ ...place, id: 't1', key: 'k', hint: 'tg_', networks: 7 })).toEqual({
    ...{ key: 'k', type: 'token_networks', level: 'warning', ...told },
    data: { token: 't1', hint: 'tg_', networks: 7, hours: 1, timeZone: 'Asia/Shanghai' },
  })
})

test('grantEndingEvent() is a warning in the last hour, and concerns whom it was granted to', () => {
  const grant = {
    id: 'g1',
    key: 'k',
    kind: 'pack',
    limitName: 'daily',
    counts: 'credits',
    amount: '50',
    endsAtMs: 9,
  } as const
  expect(grantEndingEvent({ ...grant, project: 'vision', department: 'research', hours: 24 })).toEqual({
    ...{ key: 'k', type: 'grant_ending', level: 'info', aboutMs: 9, project: 'vision', department: 'research' },
    data: { grant: 'g1', kind: 'pack', limitName: 'daily', counts: 'credits', amount: '50', hours: 24 },
  })
  expect(grantEndingEvent({ ...grant, hours: 1 }).level).toBe('warning')
})

test('policyQuarantinedEvent() names the row and cuts what is wrong with it', () => {
  const event = policyQuarantinedEvent({
    table: 'limit_rule',
    id: 'd',
    reasons: ['a', 'x'.repeat(900)],
    inForce: 'nothing',
  })
  expect(event).toMatchObject({ key: 'policy_quarantined limit_rule d', level: 'critical' })
  expect(event.data).toEqual({ table: 'limit_rule', key: 'd', why: `a; ${'x'.repeat(297)}`, inForce: 'nothing' })
})

test('ledgerLag() says nothing before its process has waited for 30 seconds, then that nobody keeps up, or that somebody does', async () => {
  const stood: (readonly unknown[])[] = []
  let [upMs, msAgo]: [number, number | undefined] = [0, 3_600_000]
  const store = {
    caughtUpMsAgo: async () => msAgo,
    stand: async (_: string, events: readonly NewAlertEvent[]) => void stood.push(events.map(({ data }) => data)),
  }
  const { look } = ledgerLag(store, { upMs: () => upMs })
  await look()
  upMs = 29_999
  await look()
  expect(stood.splice(0)).toEqual([])
  upMs = 30_000
  await look()
  expect(stood.splice(0)).toEqual([[{ seconds: 3_600 }]])
  msAgo = 4_000
  await look()
  expect(stood.splice(0)).toEqual([[]])
  upMs = 45_000
  msAgo = undefined
  await look()
  expect(stood).toEqual([[{ seconds: 45 }]])
})

test('ledgerProgress() says nothing of a ledger that has not read everything yet', async () => {
  const noted: number[] = []
  let msAgo: number | undefined
  const store = { noteCaughtUp: async (ms: number) => void noted.push(ms) }
  const { look } = ledgerProgress(store, () => msAgo)
  await look()
  expect(noted).toEqual([])
  msAgo = 700
  await look()
  expect(noted).toEqual([700])
})

test('ledgerLagEvents() says nothing of 30 seconds, and one thing of more', () => {
  expect(ledgerLagEvents(30_000)).toEqual([])
  expect(ledgerLagEvents(31_500)).toEqual([
    { key: 'ledger_lag', type: 'ledger_lag', level: 'critical', data: { seconds: 31 } },
  ])
})
