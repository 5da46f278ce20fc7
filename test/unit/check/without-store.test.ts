import { describe, expect, test } from 'vitest'
import { linesOf, subjectsOf } from '../../../src/check/lines.ts'
import { reportOf } from '../../../src/check/report.ts'
import { createWithoutStore, type Unanswered } from '../../../src/check/without-store.ts'
import type { Report } from '../../../src/core/charge.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import { createLocalStore } from '../../../src/memory/local-store.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { entry, limitRule, lineFacts, noonMs, ticket } from './factories.ts'

interface Outage {
  readonly kept: { readonly report: Report; readonly notBeforeMs?: number }[]
  readonly counted: string[]
  nowMs: number
  isFull: boolean
  processes: number
}

function outage() {
  const state: Outage = { kept: [], counted: [], nowMs: noonMs, isFull: false, processes: 1 }
  const nowMs = (): number => state.nowMs
  const away = createWithoutStore({
    spool: {
      add(report, hold) {
        if (!state.isFull) state.kept.push({ report, ...hold })
        return !state.isFull
      },
      accepts: () => !state.isFull,
      size: () => state.kept.length,
      stop: async () => undefined,
    },
    openLocal: () => createLocalStore({ nowMs, observer: silentObserver }),
    processes: () => state.processes,
    nowMs,
    observer: {
      ...silentObserver,
      count: (metric, labels = {}) => void state.counted.push([metric, ...Object.values(labels)].join(' ')),
    },
  })
  let minted = 0
  const unansweredOf = (rules: readonly Partial<LimitRule>[], isUncertain: boolean): Unanswered => {
    const limits = rules.map((rule, index) =>
      limitRule({ counts: 'requests', id: `r${index}`, name: `n${index}`, ...rule }),
    )
    const facts = lineFacts({ nowMs: state.nowMs })
    minted += 1
    const spend = {
      ...({ surface: 'pypi' } as const),
      ...{ id: `q${minted}`, home: 7, notAfterMs: state.nowMs + 200, expiresInMs: 300_000 },
      estimate: facts.estimate,
      meta: ticket().meta,
    } as const
    return { lines: linesOf(limits, facts), subjects: subjectsOf(limits, facts), spend, isUncertain }
  }
  const ask = (rules: readonly Partial<LimitRule>[], { isUncertain = false } = {}) =>
    away.decide(unansweredOf(rules, isUncertain))
  const askCold = (rules: readonly Partial<LimitRule>[]) => {
    const unanswered = unansweredOf(rules, false)
    return away.refusal(unanswered.lines, unanswered)
  }
  const answersFor = (ms: number): void => {
    away.answered()
    state.nowMs += ms
    away.answered()
  }
  return { state, away, ask, askCold, answersFor }
}

const local = { posture: 'local', amount: 4 } as const

describe('while the store is away', () => {
  test('one enforced limit of posture deny refuses, and nothing is booked', async () => {
    const { state, ask } = outage()
    expect(await ask([{ posture: 'allow' }, { posture: 'deny' }])).toEqual({ kind: 'unavailable', reason: 'store' })
    expect(state.kept).toEqual([])
  })

  test('a limit that is not enforced denies nothing', async () => {
    expect(await outage().ask([{ posture: 'deny', shadow: true }])).toMatchObject({ kind: 'taken' })
  })

  test('what posture allow lets pass is booked at its estimate at once, open, without an epoch', async () => {
    const { state, ask } = outage()
    const admission = await ask([{ posture: 'allow' }])
    const partitions = [{ partition: 7, epoch: '' }]
    expect(admission).toMatchObject({ kind: 'taken', answer: { at: noonMs, epochs: partitions } })
    expect(state.kept).toMatchObject([
      { report: { id: 'q1', state: 'open', at: noonMs, partitions, amounts: lineFacts().estimate } },
    ])
    expect(state.kept[0]).not.toHaveProperty('notBeforeMs')
    expect(state.counted).toEqual(['away_passes_total allow'])
  })

  test('a booking whose spend may still be taken is not replayed before that can have happened', async () => {
    const { state, ask } = outage()
    await ask([{ posture: 'allow' }], { isUncertain: true })
    expect(state.kept[0]?.notBeforeMs).toBe(noonMs + 200)
  })

  test('whoever is refused gets back what the store may have taken', async () => {
    const { state, ask } = outage()
    await ask([{ posture: 'deny' }], { isUncertain: true })
    await ask([{ ...local, amount: 0 }], { isUncertain: true })
    expect(state.kept).toMatchObject(
      ['q1', 'q2'].map((id) => ({ report: { id, state: 'final', outcome: 'undelivered', notAfterMs: noonMs + 200 } })),
    )
  })

  test('a full spool refuses what must be booked, and lets pass unbooked what no limit is enforced on', async () => {
    const { state, ask } = outage()
    state.isFull = true
    expect(await ask([{ posture: 'allow' }])).toEqual({ kind: 'unavailable', reason: 'spool' })
    expect(await ask([local])).toEqual({ kind: 'unavailable', reason: 'spool' })
    expect(await ask([{ posture: 'allow', shadow: true }])).toEqual({ kind: 'unbooked' })
    expect(state.counted).toEqual(['unbooked_total'])
    expect(await ask([local], { isUncertain: true })).toEqual({ kind: 'unavailable', reason: 'spool' })
    expect(state.counted.at(-1)).toBe('reports_dropped_total full')
    expect(state.kept).toEqual([])
    state.isFull = false
    for (let time = 0; time < 4; time += 1) expect(await ask([local])).toMatchObject({ kind: 'taken' })
  })

  test('posture local counts a quota from 0 and refuses above its share, by the words of the limit, until the window ends', async () => {
    const { state, ask } = outage()
    state.processes = 2
    for (let time = 0; time < 2; time += 1) expect(await ask([local])).toMatchObject({ kind: 'taken' })
    const refused = await ask([local])
    expect(refused).toMatchObject({ kind: 'refused', lines: [{ limit: 'n0', amount: 2 }], answer: { line: 0 } })
    expect(refused.kind === 'refused' && refused.answer.retryAfterMs).toBe(12 * 3_600_000)
    expect(state.kept).toHaveLength(2)
    state.nowMs = noonMs + 12 * 3_600_000
    expect(await ask([local])).toMatchObject({ kind: 'taken' })
  })

  test('a request above its share of a quota, but not above the quota, is refused until the window ends, not for ever', async () => {
    const { state, ask } = outage()
    state.processes = 5
    const refused = await ask([local])
    expect(refused.kind === 'refused' && refused.answer.retryAfterMs).toBe(12 * 3_600_000)
    expect(await ask([{ ...local, counts: 'credits', amount: 2_499 }])).toMatchObject({
      answer: { retryAfterMs: 'never' },
    })
  })

  test('posture local holds a rate', async () => {
    const { state, ask } = outage()
    const rate = { posture: 'local', kind: 'rate', amount: 10, periodMs: 1_000, burst: 4 } as const
    state.processes = 2
    for (let time = 0; time < 2; time += 1) expect(await ask([rate])).toMatchObject({ kind: 'taken' })
    expect(await ask([rate])).toMatchObject({ kind: 'refused', answer: { retryAfterMs: 200 } })
    state.nowMs += 200
    expect(await ask([rate])).toMatchObject({ kind: 'taken' })
  })

  test('posture local holds a cap, whose slot comes free when the end of the request is reported', async () => {
    const { away, state, ask } = outage()
    const cap = { posture: 'local', kind: 'concurrency', counts: 'in_flight', amount: 1 } as const
    expect(await ask([cap])).toMatchObject({ kind: 'taken' })
    expect(await ask([cap])).toMatchObject({ kind: 'refused' })
    const { report } = state.kept[0] ?? {}
    if (report === undefined) throw new Error('Nothing was booked')
    away.reported({
      ...reportOf(entry, { ticket: ticket(), reservationMs: 1_000 }),
      id: report.id,
      partitions: report.partitions,
    })
    expect(await ask([cap])).toMatchObject({ kind: 'taken' })
  })

  test('shares are held however rarely they are asked for while the outage lasts', async () => {
    const { state, ask } = outage()
    state.processes = 2
    let passed = 0
    for (let time = 0; time < 30; time += 1) {
      if ((await ask([local])).kind === 'taken') passed += 1
      state.nowMs += 11_000
    }
    expect(passed).toBe(2)
  })

  test('shares are forgotten when the store has answered for ten seconds, and kept while it flaps', async () => {
    const { ask, answersFor } = outage()
    for (let time = 0; time < 4; time += 1) await ask([local])
    for (let time = 0; time < 3; time += 1) {
      answersFor(10_000)
      expect(await ask([local])).toMatchObject({ kind: 'refused' })
    }
    answersFor(10_001)
    expect(await ask([local])).toMatchObject({ kind: 'taken' })
  })

  test('shares of what an answering store cannot count are held until nothing is asked of them for an hour', async () => {
    const { askCold, answersFor } = outage()
    for (let time = 0; time < 4; time += 1) expect(await askCold([local])).toBeUndefined()
    answersFor(3_600_000)
    expect(await askCold([local])).toMatchObject({ kind: 'refused' })
    answersFor(3_600_001)
    expect(await askCold([local])).toBeUndefined()
  })
})
