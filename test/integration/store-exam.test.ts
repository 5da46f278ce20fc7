import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClockedRedis, createClockedRedis } from '../support/clocked-redis.ts'
import {
  address,
  alice,
  amounts,
  counterOf,
  drained,
  quotaLine,
  reportOf,
  research,
  seedOf,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'

let redis: ClockedRedis

beforeEach(async () => {
  redis = await createClockedRedis()
})
afterEach(() => redis.close())

const line = quotaLine()

/** Alice's hourly credits at 500, then 1,000 taken under each id. */
async function taken(...ids: readonly string[]) {
  const { store } = redis
  await store.seed(await seedOf(store, alice, [counterOf(line, 500)]))
  const reports = []
  for (const id of ids) {
    const request = spendRequest({ id, lines: [line] })
    reports.push(reportOf(request, await store.spend(request)))
  }
  return reports
}

const everything = async (): Promise<readonly unknown[]> => {
  const keys = (await redis.admin.keys(`${redis.keyPrefix}*`)).toSorted()
  return Promise.all(keys.map(async (key) => [key, (await redis.admin.dump(key))?.toString()]))
}

test('compare() is the held figure beside the books, the unread stream and what is pending, and changes nothing', async () => {
  const { store } = redis
  const before = await seedOf(store, alice, [counterOf(line, 500)])
  const [first] = await taken('a', 'b')
  if (first === undefined) throw new Error('Nothing was taken')
  // One is in the stream behind the checkpoint, the other still pending.
  await store.report({ ...first, amounts: amounts({ requests: 1, credits: 400 }) })
  const held = await everything()
  expect(await store.exam.compare(before)).toMatchObject([{ held: 1_900, expected: 1_900, quantity: 'credits' }])
  const off = { ...before, counters: [counterOf(line, 501)] }
  expect(await store.exam.compare(off)).toMatchObject([{ held: 1_900, expected: 1_901 }])
  expect(await store.exam.compare({ ...before, subject: research })).toMatchObject([{ expected: 1_900 }])
  expect(await everything()).toEqual(held)
})

test('compare() says behind for what a seed would not decide: a stale subject, a checkpoint of another epoch', async () => {
  const { store } = redis
  const seed = await seedOf(store, alice, [counterOf(line, 500)])
  const [report] = await taken('a')
  if (report === undefined) throw new Error('Nothing was taken')
  const other = { partition: 7, epoch: 'another', position: '0-0' }
  expect(await store.exam.compare({ ...seed, checkpoint: other })).toBe('behind')
  expect(await store.exam.compare({ ...seed, checkpoint: undefined })).toBe('behind')
  await store.report({ ...report, id: 'never spent' })
  expect(await store.exam.compare(seed)).toBe('behind')
})

test('pending() lists a subject’s reservations, those due first, bounded, with their states; a decided one is gone', async () => {
  const { store } = redis
  const [first, second] = await taken('a', 'b', 'c')
  if (first === undefined || second === undefined) throw new Error('Nothing was taken')
  await redis.setNow(startMs + 10)
  await store.report({ ...first, state: 'open', amounts: amounts({ credits: 3_000 }), expiresInMs: 120_000 })
  await store.report(second)
  const shown = (await store.exam.pending(alice, 10)).map(({ id, state, booked }) => [id, state, booked.credits])
  expect(shown).toEqual([
    ['c', 'open', 1_000],
    ['a', 'heard', 3_000],
  ])
  expect(await store.exam.pending(alice, 1)).toMatchObject([
    { id: 'c', atMs: startMs, expiresAtMs: startMs + 60_000, resource: 'torch', file: 'torch-1.0.whl' },
  ])
  expect(await store.exam.pending(address, 10)).toEqual([])
})

test('partition() counts what is unread, pending and overdue, and sees a stream that was trimmed beyond the checkpoint', async () => {
  const { store } = redis
  const [first, second] = await taken('a', 'b', 'c')
  if (first === undefined || second === undefined) throw new Error('Nothing was taken')
  await store.report(first)
  const early = await drained(store, 7)
  await redis.setNow(startMs + 1_000)
  await store.report(second)
  expect(await store.exam.partition(7, early)).toMatchObject({ entries: 2, unread: 1, pending: 1, overdue: 0 })
  await redis.setNow(startMs + 61_000)
  expect(await store.exam.partition(7, early)).toMatchObject({ overdue: 1, isCheckpointLost: false })
  await store.trim({ checkpoint: await drained(store, 7), keepMs: 0 })
  expect(await store.exam.partition(7, early)).toMatchObject({ entries: 0, unread: 0, isCheckpointLost: true })
  expect(await store.exam.partition(7, await drained(store, 7))).toMatchObject({ isCheckpointLost: false })
})

test('partition() tells an epoch of another life of the server and leaves it', async () => {
  const { store, admin, keyPrefix } = redis
  await taken('a')
  const key = `${keyPrefix}{p007}:epoch`
  const [epoch] = ((await admin.get(key)) ?? '').split(' ')
  await admin.set(key, `${epoch} another 0-0`)
  expect(await store.exam.partition(7, undefined)).toMatchObject({ epoch, isOfThisServer: false })
  expect(await admin.get(key)).toBe(`${epoch} another 0-0`)
  expect(await store.exam.partition(9, undefined)).toMatchObject({ entries: 0, pending: 0, isOfThisServer: false })
})
