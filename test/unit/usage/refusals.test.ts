import { describe, expect, test } from 'vitest'
import type { NewAlertEvent } from '../../../src/core/alert-event.ts'
import { Fault } from '../../../src/core/fault.ts'
import type { Observer } from '../../../src/telemetry/observer.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import type { RefusalCount, RefusalLog } from '../../../src/usage/refusal-ports.ts'
import { createRefusalTally } from '../../../src/usage/refusal-tally.ts'
import { createRefusals } from '../../../src/usage/refusals.ts'
import { parts, policy, refused } from '../../support/refused-request.ts'

const { hourMs, window, atMs, principal } = parts

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
      tally.add(refused({ resource, atMs: at, principal: { ...principal, account: { ...principal.account, id } } }))
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
    const made = () =>
      createRefusals({ log, policy: () => policy(), nowMs: () => parts.atMs, observer, bounds, everyMs: 60_000 })
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
