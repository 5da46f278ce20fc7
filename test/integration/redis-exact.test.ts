import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QuotaLine } from '../../src/core/limit.ts'
import type { Subject } from '../../src/core/subject.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createKeyPrefix, sharedRedisUrl } from '../support/redis.ts'
import { amounts, counterOf, hourOf, quotaLine, rateLine, seedOf, spendRequest } from '../support/spend-harness.ts'
import type { WorkerRound } from '../support/spend-worker.ts'

const clientsPerProcess = 20
const requestsPerClient = 50
const rounds = 20
const limit = 100
const keyPrefix = createKeyPrefix()

let store: RedisSpendStore
let workers: readonly ChildProcess[]

beforeAll(async () => {
  store = openStore()
  await store.ready()
  const worker = join(import.meta.dirname, '../support/spend-worker.ts')
  workers = [1, 2].map(() => fork(worker, [sharedRedisUrl(), keyPrefix, String(clientsPerProcess)], { execArgv: [] }))
  await Promise.all(workers.map((process) => once(process, 'message')))
})

afterAll(async () => {
  for (const process of workers ?? []) process.kill()
  await store?.close()
})

function openStore(): RedisSpendStore {
  return createRedisSpendStore({
    url: sharedRedisUrl(),
    keyPrefix,
    observer: silentObserver,
    nowMs: Date.now,
    commandTimeoutMs: 10_000,
  })
}

async function playEverywhere(round: WorkerRound): Promise<{ readonly taken: number; readonly refused: number }> {
  const answers = await Promise.all(
    workers.map(async (process) => {
      const answer = once(process, 'message')
      process.send(round)
      const [counts] = (await answer) as [{ readonly taken: number; readonly refused: number }]
      return counts
    }),
  )
  return {
    taken: answers.reduce((sum, answer) => sum + answer.taken, 0),
    refused: answers.reduce((sum, answer) => sum + answer.refused, 0),
  }
}

describe('2,000 concurrent requests of 40 clients in two processes', () => {
  const all = 2 * clientsPerProcess * requestsPerClient

  it('take exactly 100 from a quota of 100, twenty times', { timeout: 120_000 }, async () => {
    for (let round = 0; round < rounds; round += 1) {
      const line = runningQuota({ kind: 'account', id: `quota-${round}`, partition: 7 })
      await store.seed(await seedOf(store, line.subject, [counterOf(line, 0)]))
      const request = { lines: [line], estimate: amounts({ credits: 1_000 }) }
      const answer = await playEverywhere({ name: `q${round}`, requestsPerClient, request })
      expect(answer).toEqual({ taken: limit, refused: all - limit })
      expect(await store.peek([{ ...line, hits: 0 }])).toMatchObject({ states: [{ used: limit * 1_000 }] })
    }
  })

  it('take exactly 100 from a rate with a burst of 100, twenty times', { timeout: 120_000 }, async () => {
    for (let round = 0; round < rounds; round += 1) {
      const subject: Subject = { kind: 'account', id: `rate-${round}`, partition: 7 }
      const lines = [rateLine({ subject, burst: limit, amount: 1, periodMs: 3_600_000 })]
      const answer = await playEverywhere({
        name: `r${round}`,
        requestsPerClient,
        request: { lines, estimate: amounts({}) },
      })
      expect(answer).toEqual({ taken: limit, refused: all - limit })
    }
  })
})

describe('the edge of a window', () => {
  it('books no more than 100 on either side', { timeout: 60_000 }, async () => {
    const stores = Array.from({ length: 4 }, openStore)
    await Promise.all(stores.map((other) => other.ready()))
    const edge = Date.now() + 300
    const current = { startMs: edge - 3_600_000, endMs: edge }
    const next = { startMs: edge, endMs: edge + 3_600_000 }
    const subject: Subject = { kind: 'account', id: 'edge', partition: 7 }
    const line = quotaLine({ subject, amount: limit * 1_000, current, next })
    expect(await store.seed(await seedOf(store, subject, [counterOf(line, 0)]))).toBe('seeded')
    const taken: number[] = []
    for (let batch = 0; Date.now() < edge + 100; batch += 1) {
      const answers = await Promise.all(
        stores.flatMap((other, client) =>
          Array.from({ length: 5 }, (_, index) =>
            other.spend(
              spendRequest({
                id: `edge-${batch}-${client}-${index}`,
                lines: [line],
                subjects: [subject],
                notAfterMs: Date.now() + 10_000,
              }),
            ),
          ),
        ),
      )
      for (const answer of answers) {
        expect(['taken', 'refused']).toContain(answer.kind)
        if (answer.kind === 'taken') taken.push(answer.at)
      }
      await delay(5)
    }
    expect(taken.filter((at) => at < edge)).toHaveLength(limit)
    expect(taken.filter((at) => at >= edge)).toHaveLength(limit)
    await Promise.all(stores.map((other) => other.close()))
  })
})

function runningQuota(subject: Subject): QuotaLine {
  const current = hourOf(Date.now())
  return quotaLine({ subject, amount: limit * 1_000, current, next: hourOf(current.endMs) })
}
