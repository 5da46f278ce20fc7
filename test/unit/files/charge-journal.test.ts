import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChargeEntry } from '../../../src/core/charge.ts'
import { decodeItems, encodeItems } from '../../../src/files/charge-items.ts'
import { type OpenChargeJournal, openChargeJournal } from '../../../src/files/charge-journal.ts'
import { createMemorySpendStore } from '../../../src/memory/spend-store.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import { drained, reportOf, spendRequest, startMs } from '../../support/spend-harness.ts'

let dataFolder: string
let lives: number

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'tollgate-charges-'))
  lives = 0
})

afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

/** One life of a process with its in-process store. */
async function live(bytesMax = 10_000_000) {
  lives += 1
  const journal = await openChargeJournal({ dataFolder, bytesMax, observer })
  let nowMs = startMs
  const store = createMemorySpendStore({ nowMs: () => nowMs, randomText: () => `life-${lives}`, observer, journal })
  const spend = (id: string) => store.spend(spendRequest({ id, lines: [] }))
  const finish = async (id: string) => store.report(reportOf(spendRequest({ id, lines: [] }), await spend(id)))
  const entries = async (): Promise<readonly ChargeEntry[]> =>
    (await store.charges({ partition: 7, checkpoint: undefined, countMax: 1_000 })).entries
  const at = (ms: number): void => {
    nowMs = ms
  }
  return { journal, store, spend, finish, entries, at }
}

const told = (entries: readonly ChargeEntry[]) =>
  entries.map(({ id, state, unsettled }) => `${id} ${state}${unsettled ? ' unsettled' : ''}`)
const files = (): string[] =>
  readdirSync(dataFolder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.journal'))

/** As far as a successor can see, a closed journal is one whose process was killed when everything was on disk. */
async function kill(journal: OpenChargeJournal): Promise<void> {
  await journal.close()
}

describe('a process that follows a killed one', () => {
  test('appends what was not booked anew, without difference, and books open reservations at their estimate, unsettled', async () => {
    const first = await live()
    await first.finish('done')
    await first.spend('open')
    await kill(first.journal)
    const second = await live()
    const entries = await second.entries()
    expect(told(entries)).toEqual(['done final', 'open open unsettled'])
    expect(entries.map(({ epoch }) => epoch)).toEqual(['life-2', 'life-2'])
    for (const entry of entries) expect(entry).not.toHaveProperty('difference')
    expect(entries[1]).toMatchObject({
      amounts: spendRequest({ id: 'x' }).estimate,
      meta: spendRequest({ id: 'x' }).meta,
      partition: 7,
    })
    await second.journal.close()
  })

  test('books a download that ran at what it had reached', async () => {
    const first = await live()
    const request = spendRequest({ id: 'long', lines: [] })
    const raised = { ...request.estimate, bytes: 7_000_000_000 }
    const periodic = { ...reportOf(request, await first.spend('long')), state: 'open', amounts: raised } as const
    await first.store.report(periodic)
    await kill(first.journal)
    const second = await live()
    const [entry, ...others] = await second.entries()
    expect(entry).toMatchObject({ id: 'long', state: 'open', unsettled: true, amounts: raised })
    expect(others).toEqual([])
    await second.journal.close()
  })

  test('books a reservation that had expired and was heard of again', async () => {
    const first = await live()
    const request = spendRequest({ id: 'late', lines: [] })
    const periodic = {
      ...reportOf(request, await first.spend('late')),
      state: 'open',
      amounts: request.estimate,
    } as const
    const later = startMs + request.expiresInMs + 1
    first.at(later)
    await first.store.expire({ countMax: 10, notAfterMs: later, brokeAtMs: 0 })
    await first.store.report(periodic)
    await kill(first.journal)
    const second = await live()
    expect(told(await second.entries())).toEqual(['late open unsettled'])
    await second.journal.close()
  })

  test('books no reservation that was given back', async () => {
    const first = await live()
    await first.spend('refunded')
    await first.spend('open')
    const refund = { ...reportOf(spendRequest({ id: 'refunded', lines: [] }), await first.spend('refunded')) }
    const none = { requests: 0, credits: 0, bytes: 0, gpu_ms: 0 }
    await first.store.report({
      ...refund,
      state: 'final',
      amounts: none,
      outcome: 'undelivered',
      notAfterMs: startMs - 1,
    })
    await kill(first.journal)
    const second = await live()
    expect(told(await second.entries())).toEqual(['open open unsettled'])
    await second.journal.close()
  })

  test('appends nothing that the ledger was known to have read, and leaves no file of it', async () => {
    const first = await live()
    for (const id of ['a', 'b', 'c']) await first.finish(id)
    await first.store.waiting([await drained(first.store, 7)])
    await kill(first.journal)
    expect(files()).toEqual([])
    expect(await (await live()).entries()).toEqual([])
  })

  test('passes on to the third what it had not booked either', async () => {
    const first = await live()
    await first.finish('done')
    await first.spend('open')
    await kill(first.journal)
    await kill((await live()).journal)
    const third = await live()
    expect(told(await third.entries())).toEqual(['done final', 'open open unsettled'])
    await third.store.waiting([await drained(third.store, 7)])
    await third.journal.close()
    expect(files()).toEqual([])
  })
})

test('a full journal refuses spends instead of forgetting them, and takes the ends of those it took', async () => {
  const { store, spend, journal } = await live(6_000)
  let taken = 0
  const answer = reportOf(spendRequest({ id: 'q0', lines: [] }), await spend('q0'))
  for (; taken < 100; taken += 1) {
    const isTaken = await spend(`q${taken}`).then(
      () => true,
      () => false,
    )
    if (!isTaken) break
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
  expect(taken).toBeGreaterThan(1)
  expect(taken).toBeLessThan(100)
  await expect(spend('one more')).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(store.report({ ...answer, state: 'open' })).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await store.report(answer)).toBe('booked')
  await journal.close()
})

test('a full journal takes again when the ledger has booked everything, although items waited that did not fit', async () => {
  const { store, finish, spend, journal } = await live(20_000)
  const takes = (asked: Promise<unknown>): Promise<boolean> =>
    asked.then(
      () => true,
      () => false,
    )
  for (let number = 0; number < 500 && (await takes(finish(`full ${number}`))); number += 20) {
    for (let burst = 0; burst < 20; burst += 1) await takes(finish(`q${number + burst}`))
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
  await expect(spend('while full')).rejects.toMatchObject({ code: 'store_unavailable' })
  await store.waiting([await drained(store, 7)])
  await expect.poll(() => takes(spend('after')), { timeout: 5_000 }).toBe(true)
  await journal.close()
})

test('items of another format are not guessed at', () => {
  const bytes = encodeItems([{ kind: 'settled', partition: 7, id: 'a' }])
  expect(decodeItems(bytes)).toEqual([{ kind: 'settled', partition: 7, id: 'a' }])
  expect(() => decodeItems(Buffer.from(bytes.toString().replace('[1,', '[2,')))).toThrow('must have format 1, has 2')
})
