import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QuotaLine } from '../../src/core/limit.ts'
import { partitionCount, type Subject } from '../../src/core/subject.ts'
import { createRedisClusterSpendStore } from '../../src/redis/cluster-store.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createKeyPrefix } from '../support/redis.ts'
import { type RunningCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { amounts, counterOf, hourOf, quotaLine, seedOf, spendRequest } from '../support/spend-harness.ts'

const keyPrefix = createKeyPrefix()
let cluster: RunningCluster
let store: RedisSpendStore

beforeAll(async () => {
  cluster = await startRedisCluster()
  store = createRedisClusterSpendStore({ url: cluster.url, keyPrefix, observer: silentObserver, nowMs: Date.now })
  await store.ready(10_000)
}, 60_000)

afterAll(async () => {
  await store?.close()
  await cluster?.stop()
})

describe('a spend store in a Redis Cluster', () => {
  it('keeps departments on every master', async () => {
    const departments = Array.from({ length: 64 }, (_, index) =>
      subject('department', `on-every-master-${index}`, index * 4),
    )
    for (const department of departments) await warm(store, department)
    const masters = await Promise.all(cluster.masters.map(({ url }) => countKeys(url)))
    expect(masters.every((keys) => keys > 0)).toBe(true)
  })

  it('admits exactly what fits when requests of two partitions race for both limits, and leaves no partial take', async () => {
    const shared = subject('department', 'shared', 3)
    const everyone = subject('everyone', 'all', 201)
    await warm(store, shared)
    await warm(store, everyone)
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        store.spend(twoPartitions(`race-${index}`, { first: limited(everyone, 100), second: limited(shared, 60) })),
      ),
    )
    const kinds = answers.map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'taken')).toHaveLength(60)
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(240)
    expect(await used(shared)).toBe(60_000)
    expect(await used(everyone)).toBe(60_000)
  })

  it('a lasting refusal by the last partition gives the first one back', async () => {
    const account = subject('account', 'given-back', 9)
    const address = subject('address', '192.0.2.1', 130)
    await warm(store, account)
    await warm(store, address)
    const answer = await store.spend(
      twoPartitions('given-back', { first: limited(address, 5), second: limited(account, 0) }),
    )
    expect(answer).toMatchObject({ kind: 'refused', line: 1, retryAfterMs: 'never' })
    expect(await used(address)).toBe(0)
  })

  it('serves the departments of other masters while one is frozen, and all again after it', async () => {
    const departments = Array.from({ length: 24 }, (_, index) => subject('department', `frozen-${index}`, index * 10))
    for (const department of departments) await warm(store, department)
    const frozen = cluster.masters[1]?.pid ?? 0
    const spendAll = (round: string) =>
      Promise.allSettled(
        departments.map((department) =>
          store.spend({
            ...spendRequest({ id: `${round}-${department.id}`, lines: [limited(department, 1_000)] }),
            ...{ subjects: [department], home: department.partition, notAfterMs: store.nowMs() + 300 },
          }),
        ),
      )
    process.kill(frozen, 'SIGSTOP')
    try {
      const during = (await spendAll('during')).filter(({ status }) => status === 'fulfilled')
      expect(during.length).toBeGreaterThan(8)
      expect(during.length).toBeLessThan(departments.length)
    } finally {
      process.kill(frozen, 'SIGCONT')
    }
    await expect
      .poll(async () => (await spendAll(String(Math.random()))).every(({ status }) => status === 'fulfilled'), {
        timeout: 10_000,
      })
      .toBe(true)
  }, 20_000)

  it('follows a slot to another master: its counters are cold there until they are seeded', async () => {
    const partition = partitionCount - 1
    const moved = subject('department', 'moved', partition)
    const clients = cluster.masters.map(({ url }) => new Redis(url))
    try {
      const slot = Number(await clients[0]?.cluster('KEYSLOT', `${keyPrefix}{p${partition}}:epoch`))
      const ids = await Promise.all(clients.map((client) => client.cluster('MYID')))
      const from = Math.floor((slot * clients.length) / 16_384)
      const to = (from + 1) % clients.length
      for (const client of [clients[to], clients[from]]) await client?.cluster('SETSLOT', slot, 'NODE', String(ids[to]))
      await expect.poll(() => warm(store, moved).then(() => 'seeded', String), { timeout: 10_000 }).toBe('seeded')
      expect(await used(moved)).toBe(0)
      expect(await clients[to]?.cluster('COUNTKEYSINSLOT', slot)).toBeGreaterThan(0)
    } finally {
      for (const client of clients) client.disconnect()
    }
  }, 20_000)

  it('is refused when its data lies in another way, whichever master knows', async () => {
    const other = createKeyPrefix()
    const clients = cluster.masters.map(({ url }) => new Redis(url))
    await Promise.allSettled(clients.map((client) => client.set(`${other}meta`, 'format=0 partitions=256')))
    const { url } = cluster
    const refused = createRedisClusterSpendStore({ url, keyPrefix: other, observer: silentObserver, nowMs: Date.now })
    await expect(refused.ready(10_000)).rejects.toMatchObject({ code: 'wrong_store_format', transient: false })
    await refused.close()
    await Promise.allSettled(clients.map((client) => client.set(`${other}meta`, 'format=1 partitions=256')))
    for (const installation of ['one', 'two']) {
      const given = { url, keyPrefix: other, observer: silentObserver, nowMs: Date.now, installation }
      const mine = createRedisClusterSpendStore(given)
      if (installation === 'one') await mine.ready(10_000)
      else await expect(mine.ready(10_000)).rejects.toThrow('data of another installation')
      await mine.close()
    }
    for (const client of clients) client.disconnect()
  })

  it('is refused by a store that does not know it for a cluster', async () => {
    const url = cluster.masters[0]?.url ?? ''
    const warnings: unknown[] = []
    const observer = { ...silentObserver, warn: (...said: unknown[]) => void warnings.push(said) }
    const single = createRedisSpendStore({ url, keyPrefix, observer, nowMs: Date.now })
    await expect(single.ready(500)).rejects.toThrow('did not answer')
    await single.close()
    expect(JSON.stringify(warnings)).toContain('redis+cluster://')
  })
})

function subject(kind: Subject['kind'], id: string, partition: number): Subject {
  return { kind, id, partition }
}

/** At most `requests` estimates of one credit. */
function limited(of: Subject, requests: number): QuotaLine {
  const current = hourOf(Date.now())
  return quotaLine({ subject: of, amount: requests * 1_000, current, next: hourOf(current.endMs) })
}

function twoPartitions(id: string, lines: { readonly first: QuotaLine; readonly second: QuotaLine }) {
  const { first, second } = lines
  return {
    ...spendRequest({ id, lines: [first, second] }),
    subjects: [first.subject, second.subject],
    home: second.subject.partition,
    estimate: amounts({ requests: 1, credits: 1_000 }),
    notAfterMs: store.nowMs() + 5_000,
  }
}

async function warm(into: RedisSpendStore, of: Subject): Promise<void> {
  expect(await into.seed(await seedOf(into, of, [counterOf(limited(of, 0), 0)]))).toBe('seeded')
}

async function used(of: Subject): Promise<number | string> {
  const answer = await store.peek([{ ...limited(of, 1), hits: 0 }])
  const state = answer.kind === 'seen' ? answer.states[0] : undefined
  return state?.kind === 'quota' ? state.used : 'cold'
}

async function countKeys(url: string): Promise<number> {
  const client = new Redis(url)
  try {
    return (await client.keys(`${keyPrefix}*`)).length
  } finally {
    client.disconnect()
  }
}
