import { describe, expect, it } from 'vitest'
import { createAdmit } from '../../../../../src/check/admit.ts'
import { createLook } from '../../../../../src/check/look.ts'
import type { Seeder, SpendStore } from '../../../../../src/check/ports.ts'
import { createOwnLimits, type OwnSpend } from '../../../../../src/check/rate-limit/principal/own-limits.ts'
import type { AccessRule } from '../../../../../src/core/access.ts'
import type { Report } from '../../../../../src/core/charge.ts'
import type { DomainRule } from '../../../../../src/core/descriptor-rule.ts'
import { Fault } from '../../../../../src/core/fault.ts'
import type { LimitRule } from '../../../../../src/core/limit.ts'
import type { Snapshot } from '../../../../../src/core/snapshot.ts'
import { createMemorySpendStore } from '../../../../../src/memory/spend-store.ts'
import { silentObserver } from '../../../../../src/telemetry/observer.ts'
import { limitRule, lineFacts, noonMs, ticket } from '../../factories.ts'

const daily = limitRule({ name: 'daily', amount: 10_000 })
const rate = limitRule({
  ...{ id: 'rate', name: 'rate', kind: 'rate', counts: 'requests' },
  ...{ amount: 5, burst: 5, periodMs: 1_000, enforceAt: 'everything' },
} as const)
const { account, project, department } = lineFacts().principal
const domain = { id: 'edge', surface: 'pypi' } as DomainRule

function snapshotOf(limits: readonly LimitRule[], accessRules: readonly AccessRule[] = []): Snapshot {
  const accounts = new Map([
    ['alice', account],
    ['gone', { ...account, id: 'gone', disabled: true }],
  ])
  const known = {
    account: (id: string) => accounts.get(id),
    project: () => project,
    department: () => department,
    token: () => undefined,
    limitsOf: () => limits,
    accessRules,
    matchesPattern: () => false,
  }
  return known as unknown as Snapshot
}

function createWorld(limits: readonly LimitRule[] = [daily, rate], between: Partial<SpendStore> = {}) {
  let nowMs = noonMs
  let minted = 0
  const inner = createMemorySpendStore({ nowMs: () => nowMs, randomText: () => 'e1', observer: silentObserver })
  const reports: Report[] = []
  const kept: Report[] = []
  const store: SpendStore = {
    spend: (request) => inner.spend(request),
    peek: (lines) => inner.peek(lines),
    report: (report) => {
      reports.push(report)
      return inner.report(report)
    },
    release: (reservation) => inner.release(reservation),
    seed: (asked) => inner.seed(asked),
    expire: (sweep) => inner.expire(sweep),
    nowMs: () => inner.nowMs(),
    ...between,
  }
  const seed: Seeder = async (subject, counters) => {
    const { partition } = subject
    const { epoch, position } = await inner.charges({ partition, checkpoint: undefined, countMax: 0 })
    const zero = counters.map((counter) => ({ ...counter, used: 0 }))
    return (await inner.seed({ subject, checkpoint: { partition, epoch, position }, counters: zero })) === 'seeded'
  }
  const refusing = async () => ({ kind: 'unavailable', reason: 'store' }) as const
  const away = { decide: refusing, refusal: refusing, answered: () => undefined, reported: () => undefined }
  const { windowsAt } = lineFacts()
  const own = createOwnLimits({
    ...{ store, windowsAt, reservationMs: 60_000 },
    admit: createAdmit({ store, seed, away, observer: silentObserver }),
    look: createLook({ store, seed }),
    mintId: () => {
      minted += 1
      return `own-${minted}`
    },
    keep: (report) => void kept.push(report),
    within: (asked) => asked,
  })
  const snapshot = snapshotOf(limits)
  const asked = { snapshot, notAfterMs: noonMs + 1_000_000 }
  return {
    ...{ inner, reports, kept, own, snapshot },
    wait: (ms: number) => {
      nowMs += ms
    },
    show: () => own.show(ticket(), asked),
    spend: (hits: number, name = 'alice', given = snapshot): Promise<OwnSpend> =>
      own.spend(name, { ...asked, snapshot: given, domain, hits }),
  }
}

describe('own limits that a domain is trusted to spend', () => {
  it('take one request and one credit a hit, and say what is left of the limit with the least', async () => {
    const { spend } = createWorld()
    const first = await spend(3)
    expect(first.status).toEqual({
      code: 'ok',
      limit: { requestsPerUnit: 5, unit: 'second', name: 'rate' },
      remaining: 2,
      resetMs: 600,
    })
    expect(await spend(3)).toMatchObject({
      status: { code: 'over_limit', remaining: 2, limit: { name: 'rate' } },
      refusal: {
        kind: 'own',
        retryAfterMs: 200,
        refusal: { cause: 'rate', limit: { name: 'rate', used: 3, amount: 5, needs: 3 } },
      },
    })
  })

  it('say of a refused quota how it stands, and of more than there ever is that no wait helps', async () => {
    const { spend } = createWorld([daily])
    ;(await spend(4)).settle('stands')
    const limit = { name: 'daily', counts: 'credits', used: 4_000, amount: 10_000 }
    expect(await spend(7)).toMatchObject({
      status: { code: 'over_limit', remaining: 6 },
      refusal: {
        retryAfterMs: 43_200_000,
        refusal: { cause: 'quota', limit: { ...limit, needs: 7_000, resetAtMs: noonMs + 43_200_000 } },
      },
    })
    expect(await spend(400)).toMatchObject({
      status: { code: 'over_limit', remaining: 6 },
      refusal: { retryAfterMs: 'never', refusal: { cause: 'too_large', limit: { ...limit, needs: 400_000 } } },
    })
  })

  it('say why they refuse when looked at, where more is used than there is', async () => {
    const { spend, snapshot } = createWorld([daily])
    ;(await spend(10)).settle('stands')
    const lowered = { ...snapshot, limitsOf: () => [{ ...daily, amount: 5_000 }] } as unknown as Snapshot
    expect(await spend(0, 'alice', lowered)).toMatchObject({
      status: { code: 'over_limit', remaining: 0 },
      refusal: { retryAfterMs: 43_200_000, refusal: { cause: 'quota', limit: { used: 10_000, amount: 5_000 } } },
    })
  })

  it('book what stands once and for good, to the account and to no upstream', async () => {
    const { spend, inner, reports } = createWorld([daily])
    ;(await spend(4)).settle('stands')
    expect(reports).toMatchObject([{ state: 'final', amounts: { requests: 4, credits: 4_000, bytes: 0 } }])
    const { entries } = await inner.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
    expect(entries).toMatchObject([
      {
        state: 'final',
        amounts: { requests: 4, credits: 4_000 },
        meta: { account: 'alice', project: 'vision', upstream: '', kind: 'rate_limit' },
      },
    ])
    expect((await spend(0)).status).toMatchObject({
      code: 'ok',
      remaining: 6,
      limit: { unit: 'day', requestsPerUnit: 10 },
    })
  })

  it('give back all of it, rates too, when the call was refused by another limit', async () => {
    const { spend, inner } = createWorld()
    const taken = await spend(5)
    expect((await spend(1)).status.code).toBe('over_limit')
    taken.settle('given_back')
    expect((await spend(5)).status.code).toBe('ok')
    const { entries } = await inner.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
    expect(entries).toEqual([])
  })

  it('are only looked at by 0 hits, and by hits that are given back, which unbook nothing', async () => {
    const { spend, reports } = createWorld([daily])
    ;(await spend(10)).settle('stands')
    for (const hits of [0, -5]) {
      const looked = await spend(hits)
      looked.settle('stands')
      expect(looked.status).toMatchObject({ code: 'ok', remaining: 0 })
    }
    expect(reports).toHaveLength(1)
  })

  it.each([
    ['nobody has', 'carol', []],
    ['is disabled', 'gone', []],
    ['an access rule keeps out', 'alice', [{ id: 'out', effect: 'deny', account: 'alice', reason: 'harvests' }]],
  ] as const)('are over for an account that %s', async (_, name, rules) => {
    const { spend } = createWorld()
    const denied = snapshotOf([daily], rules as unknown as readonly AccessRule[])
    expect(await spend(1, name, denied)).toMatchObject({
      status: { code: 'over_limit', remaining: 0 },
      refusal: { kind: 'nobody' },
    })
  })

  it('are over for more hits than books can hold, and where a limit cannot be read', async () => {
    const { spend } = createWorld([])
    expect(await spend(1_000_000_001)).toMatchObject({
      status: { code: 'over_limit' },
      refusal: { kind: 'too_many', hits: 1_000_000_001, hitsMax: 1_000_000_000 },
    })
    const faulty = snapshotOf([{ ...daily, isFaulty: true }])
    expect(await spend(1, 'alice', faulty)).toMatchObject({
      status: { code: 'over_limit' },
      refusal: { kind: 'faulty', limit: 'daily' },
    })
    expect((await spend(1_000_000_000)).status).toEqual({ code: 'ok', remaining: 0 })
  })

  it('leave out limits of bytes, of addresses, and caps, whose ends nobody would tell', async () => {
    const { spend } = createWorld([
      limitRule({ name: 'bytes', counts: 'bytes', amount: 0 }),
      limitRule({ name: 'address', per: 'address', amount: 0 }),
      limitRule({ name: 'cap', kind: 'concurrency', counts: 'in_flight', amount: 0 }),
      daily,
    ])
    expect((await spend(1)).status).toMatchObject({ code: 'ok', limit: { name: 'daily' }, remaining: 9 })
  })

  it('keep in the spool what the store does not take', async () => {
    const away = () => Promise.reject(new Fault('store_unavailable', 'Away', { transient: true }))
    const { spend, kept } = createWorld([daily], { report: away })
    ;(await spend(1)).settle('stands')
    await expect.poll(() => kept).toMatchObject([{ id: 'own-1', state: 'final' }])
  })

  it('are over when neither the store nor a posture lets them pass', async () => {
    const away = () => Promise.reject(new Fault('store_unavailable', 'Away', { transient: true }))
    const { spend } = createWorld([daily], { spend: away })
    expect(await spend(1)).toMatchObject({
      status: { code: 'over_limit', remaining: 0 },
      refusal: { kind: 'unavailable' },
    })
  })

  it.each([
    ['deny', 'over_limit'],
    ['allow', 'ok'],
  ] as const)('are decided by their posture when the store comes too late: %s', async (posture, code) => {
    const late = async () => ({ kind: 'late', at: noonMs }) as const
    const { spend } = createWorld([{ ...daily, posture }], { spend: late })
    expect((await spend(1)).status).toEqual({ code, remaining: 0 })
  })
})

describe('own limits of a reservation', () => {
  it('are shown as they stand, and take nothing', async () => {
    const { spend, show } = createWorld()
    ;(await spend(2)).settle('stands')
    const expected = { code: 'ok', remaining: 3, limit: { name: 'rate', unit: 'second' } }
    expect([await show(), await show()]).toMatchObject([expected, expected])
  })

  it('refuse nothing, because Check has decided', async () => {
    const { spend, show, wait } = createWorld([daily])
    ;(await spend(10)).settle('stands')
    expect(await show()).toMatchObject({ code: 'ok', remaining: 0 })
    wait(86_400_000)
    expect(await show()).toMatchObject({ code: 'ok', remaining: 10 })
  })

  it('are not told where the account is gone, or the store away, or nothing counts', async () => {
    const away = () => Promise.reject(new Fault('store_unavailable', 'Away', { transient: true }))
    const nothing = { code: 'ok', remaining: 0 }
    expect(await createWorld([daily], { peek: away }).show()).toEqual(nothing)
    expect(await createWorld([]).show()).toEqual(nothing)
    const { own, snapshot } = createWorld()
    const ofNobody = ticket({ meta: { ...ticket().meta, account: 'gone' } })
    expect(await own.show(ofNobody, { snapshot, notAfterMs: noonMs + 1 })).toEqual(nothing)
  })
})
