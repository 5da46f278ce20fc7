import { describe, expect, test } from 'vitest'
import type { NewAlertEvent } from '../../../src/core/alert-event.ts'
import { defaultPercents } from '../../../src/core/alert-rule.ts'
import { Fault } from '../../../src/core/fault.ts'
import type { LimitRule, QuotaLine } from '../../../src/core/limit.ts'
import type { Account } from '../../../src/core/principal.ts'
import type { RefusedRequest } from '../../../src/core/refused-request.ts'
import type { Snapshot } from '../../../src/core/snapshot.ts'
import type { RefusedLimit } from '../../../src/core/verdict.ts'
import type { Observer } from '../../../src/telemetry/observer.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { createFirstRefusals, refusalEvent } from '../../../src/usage/first-refusals.ts'
import type { RefusalCount, RefusalLog } from '../../../src/usage/refusal-ports.ts'
import { createRefusalTally } from '../../../src/usage/refusal-tally.ts'
import { createRefusals } from '../../../src/usage/refusals.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const window = { startMs: 10 * dayMs, endMs: 11 * dayMs }
const atMs = window.startMs + 5 * hourMs + 17
const account: Account = {
  ...{ id: 'alice', partition: 7, kind: 'person', role: 'member', project: 'vision', plan: 'free' },
  ...{ timeZone: 'UTC', disabled: false },
}
const principal = {
  account,
  project: { id: 'vision', partition: 7, department: 'research' },
  department: { id: 'research', partition: 7 },
}
const line: QuotaLine = {
  ...{
    kind: 'quota',
    limit: 'daily',
    subject: { kind: 'account', id: 'alice', partition: 7 },
    surface: 'any',
    hits: 1_000,
  },
  ...{ enforced: true, posture: 'allow', quantity: 'credits', amount: 5_000, window: 'day', timeZone: 'UTC' },
  ...{ current: window, next: { startMs: window.endMs, endMs: window.endMs + dayMs } },
}
const refusedLimit: RefusedLimit = {
  ...{ name: 'daily', counts: 'credits', used: 5_000, amount: 5_000, needs: 1_000, timeZone: 'UTC' },
  ...{ refusesWith429: false, per: 'account' },
}

function refused(over: Partial<RefusedRequest> = {}): RefusedRequest {
  const refusal = { cause: 'quota', limit: refusedLimit } as const
  return {
    principal,
    surface: 'pypi',
    resource: 'torch',
    refusal,
    line,
    counter: { window, used: 5_000 },
    atMs,
    ...over,
  }
}

const rule: LimitRule = {
  ...{
    id: 'd',
    name: 'daily',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    surface: 'any',
    amount: 5_000,
    window: 'day',
  },
  ...{ appliesTo: { kind: 'anyone' }, enforceAt: 'artifact', posture: 'allow', shadow: false, refusesWith429: false },
}

function policy({ limit = rule, percents = defaultPercents } = {}): Snapshot {
  const known = {
    account: () => account,
    project: () => principal.project,
    department: () => principal.department,
    limitsOf: () => [limit],
    limitsAt: () => [limit],
    alertPercentsFor: () => percents,
  }
  return known as unknown as Snapshot
}

describe('createRefusalTally()', () => {
  const bounds = { resourcesMax: 3, resourcesPerAccountMax: 2, rowsMax: 4 }

  test('adds up by hour, account, surface, resource, limit and cause, and remembers first and last', () => {
    const tally = createRefusalTally({ resourcesMax: 9, resourcesPerAccountMax: 9, rowsMax: 9 })
    for (const one of [refused(), refused({ atMs: atMs + 5 }), refused({ atMs: atMs - 3 })]) tally.add(one)
    tally.add(refused({ refusal: { cause: 'denied' } }))
    tally.add(refused({ atMs: atMs + hourMs }))
    tally.add(refused({ surface: 'gpu' }))
    const rows = tally.take()
    expect(rows.map(({ count, cause, surface }) => [count, cause, surface])).toEqual([
      [3, 'quota', 'pypi'],
      [1, 'denied', 'pypi'],
      [1, 'quota', 'pypi'],
      [1, 'quota', 'gpu'],
    ])
    expect(rows[0]).toEqual({
      ...{
        hourMs: window.startMs + 5 * hourMs,
        account: 'alice',
        project: 'vision',
        department: 'research',
        surface: 'pypi',
      },
      ...{ resource: 'torch', limitName: 'daily', cause: 'quota', count: 3, firstAtMs: atMs - 3, lastAtMs: atMs + 5 },
    })
    expect(tally.take()).toEqual([])
  })

  test('leaves the name out when a caller asks for too many in an hour, also over several writings, and forgets none', () => {
    const tally = createRefusalTally(bounds)
    const ask = (resource: string, id = 'alice', at = atMs) =>
      tally.add(refused({ resource, atMs: at, principal: { ...principal, account: { ...account, id } } }))
    const named = () => tally.take().map(({ account: who, resource, count }) => [who, resource, count])
    for (const name of ['a', 'b', 'c', 'd', 'a']) ask(name)
    expect(named()).toEqual([
      ['alice', 'a', 2],
      ['alice', 'b', 1],
      ['alice', '', 2],
    ])
    for (const name of ['b', 'e']) ask(name)
    expect(named()).toEqual([
      ['alice', 'b', 1],
      ['alice', '', 1],
    ])
    for (const name of ['x', 'y']) ask(name, 'bob')
    expect(named()).toEqual([
      ['bob', 'x', 1],
      ['bob', '', 1],
    ])
    for (const name of ['e', 'f']) ask(name, 'alice', atMs + hourMs)
    expect(named()).toEqual([
      ['alice', 'e', 1],
      ['alice', 'f', 1],
    ])
  })

  test('takes no more rows than it may hold, and says how many refusals that loses', () => {
    const tally = createRefusalTally({ ...bounds, resourcesMax: 99, resourcesPerAccountMax: 99 })
    expect(['a', 'b', 'c', 'd', 'e', 'a'].map((resource) => tally.add(refused({ resource })))).toEqual([
      true,
      true,
      true,
      true,
      false,
      true,
    ])
    const rows = tally.take()
    expect(tally.putBack(rows)).toBe(0)
    expect(tally.take()).toEqual(rows)
    tally.add(refused({ resource: 'z' }))
    expect(tally.putBack(rows)).toBe(rows.at(-1)?.count)
  })

  test('keeps of a name what PostgreSQL can keep', () => {
    const tally = createRefusalTally(bounds)
    tally.add(refused({ resource: `a\u0000\u0007\ud800${'x'.repeat(1_000)}` }))
    const [row] = tally.take()
    expect(row?.resource).toMatch(/^a\?\?\ufffdx{196}$/)
  })
})

describe('createFirstRefusals()', () => {
  test('takes one of each window and limit, and only refusals by a quota', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    for (let count = 0; count < 3; count += 1) firsts.add(refused())
    firsts.add(refused({ refusal: { cause: 'too_large', limit: refusedLimit } }))
    firsts.add(refused({ refusal: { cause: 'rate', limit: refusedLimit } }))
    const { line: _line, counter: _counter, ...unavailable } = refused({ refusal: { cause: 'unavailable' } })
    firsts.add(unavailable)
    firsts.add(refused({ counter: { window: line.next, used: 5_000 } }))
    expect(firsts.take().map(({ counter }) => counter.window.startMs)).toEqual([window.startMs, line.next.startMs])
    firsts.add(refused())
    expect(firsts.take()).toEqual([])
  })

  test('takes one of the same window once more after a while, also when the clock was put back', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    const taken = [0, 9_999, 10_000, 19_999, 20_001, 1, 2].map((sinceMs) => {
      firsts.add(refused({ atMs: atMs + sinceMs }))
      return firsts.take().length
    })
    expect(taken).toEqual([1, 0, 1, 0, 1, 1, 0])
  })

  test('the window that was found last is the last to be forgotten', () => {
    const firsts = createFirstRefusals({ windowsMax: 2, againMs: 10 })
    const found = (limit: string, at: number) => {
      firsts.add(refused({ line: { ...line, limit }, atMs: at }))
      return firsts.take().length
    }
    expect([found('a', 0), found('b', 5), found('a', 10), found('c', 11), found('a', 12), found('b', 13)]).toEqual([
      ...[1, 1, 1, 1, 0, 1],
    ])
  })

  test('putBack() keeps what waits already', () => {
    const firsts = createFirstRefusals({ windowsMax: 10, againMs: 10_000 })
    firsts.add(refused())
    const away = firsts.take()
    firsts.add(refused({ atMs: atMs + 10_000 }))
    firsts.putBack(away)
    expect(firsts.take().map((one) => one.atMs)).toEqual([atMs + 10_000])
  })

  test('forgets the oldest window when it knows as many as it may', () => {
    const firsts = createFirstRefusals({ windowsMax: 2, againMs: 10_000 })
    const limits = ['a', 'b', 'c', 'a'].map((limit) => refused({ line: { ...line, limit } }))
    for (const one of limits) {
      firsts.add(one)
      expect(firsts.take()).toHaveLength(1)
    }
  })
})

describe('refusalEvent()', () => {
  const first = () => {
    const firsts = createFirstRefusals({ windowsMax: 1, againMs: 10_000 })
    firsts.add(refused())
    const [one] = firsts.take()
    if (one === undefined) throw new Error('There is no first refusal')
    return one
  }

  test('says that the limit is exhausted, by the key of its level', () => {
    expect(refusalEvent(first(), policy())).toEqual({
      ...{ key: `level account:alice daily ${window.startMs} 100`, type: 'level', level: 'exhausted', percent: 100 },
      ...{ account: 'alice', project: 'vision', department: 'research', data: { refused: true, needs: 1 } },
      limit: {
        ...{
          name: 'daily',
          subject: { kind: 'account', id: 'alice' },
          surface: 'any',
          counts: 'credits',
          window: 'day',
        },
        ...{ timeZone: 'UTC', ...window, used: 5_000, amount: 5_000, rule: 'd' },
      },
    })
  })

  test.each([
    ['nobody is told of 100 %', {}, policy({ percents: [80, 120] })],
    ['the limit is in shadow now', {}, policy({ limit: { ...rule, shadow: true } })],
    ['the limit is gone', {}, policy({ limit: { ...rule, name: 'other' } })],
    ['the window is over', { atMs: window.endMs }, policy()],
    [
      'a stricter row of the caller refused at a counter that many share',
      { line: { ...line, subject: { kind: 'project', id: 'vision', partition: 7 }, amount: 1_000 } as const },
      policy({ limit: { ...rule, per: 'project' } }),
    ],
  ] as const)('says nothing when %s', (_, over, snapshot) => {
    expect(refusalEvent({ ...first(), ...over }, snapshot)).toBeUndefined()
  })
})

describe('createRefusals()', () => {
  function world(adds: readonly (Error | undefined)[]) {
    const written: RefusalCount[][] = []
    const told: NewAlertEvent[] = []
    const lost: string[] = []
    let calls = 0
    const log: RefusalLog = {
      async add(counts) {
        const failure = adds[calls]
        calls += 1
        if (failure !== undefined) throw failure
        written.push([...counts])
      },
      async tell(events) {
        if (adds[calls] !== undefined) throw adds[calls]
        told.push(...events)
      },
    }
    const observer: Observer = {
      ...silentObserver,
      count: (metric, labels = {}, by = 1) =>
        void (metric === 'refusals_unlogged_total' && lost.push(`${labels['why']} ${by}`)),
    }
    const bounds = { resourcesMax: 99, resourcesPerAccountMax: 99, rowsMax: 2 }
    const made = () => createRefusals({ log, policy: () => policy(), observer, bounds, everyMs: 60_000 })
    return { written, told, lost, made }
  }

  test('writes what waits when it stops', async () => {
    const { written, told, made } = world([])
    const refusals = made()
    for (let count = 0; count < 3; count += 1) refusals.onRefused(refused())
    await refusals.stop()
    expect(written.map((rows) => rows.map(({ count }) => count))).toEqual([[3]])
    expect(told).toHaveLength(1)
  })

  test('keeps what was certainly not written, as far as it fits, and tells it later', async () => {
    const { written, told, lost, made } = world([new Fault('policy_unavailable', 'away', { transient: true })])
    const refusals = made()
    refusals.onRefused(refused())
    await refusals.stop()
    expect([written, told]).toEqual([[], []])
    for (const resource of ['a', 'b', 'c']) refusals.onRefused(refused({ resource }))
    await refusals.stop()
    expect(written.map((rows) => rows.map(({ resource }) => resource))).toEqual([['torch', 'a']])
    expect(lost).toEqual(['full 1', 'full 1'])
    expect(told).toHaveLength(1)
  })

  test('drops and counts what may have been written, so that nothing counts twice', async () => {
    const { written, lost, made } = world([
      new Fault('policy_unavailable', 'lost', { transient: true, uncertain: true }),
    ])
    const refusals = made()
    for (let count = 0; count < 4; count += 1) refusals.onRefused(refused())
    await refusals.stop()
    await refusals.stop()
    expect([written, lost]).toEqual([[], ['uncertain 4']])
  })
})
