import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import type { Line } from '../../src/core/limit.ts'
import type { SpendAnswer } from '../../src/core/spend.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { type Observer, silentObserver } from '../../src/telemetry/observer.ts'
import { startOwnRedis } from '../support/redis.ts'
import {
  alice,
  amounts,
  counterOf,
  hourOf,
  quotaLine,
  rateLine,
  reportOf,
  seedOf,
  spendRequest,
} from '../support/spend-harness.ts'

const commandTimeoutMs = 60
let redis: RunningRedis
let dataFolder: string
let store: RedisSpendStore
let warnings: string[]
let number = 0

beforeEach(async () => {
  dataFolder = createScratchFolder('redis')
  redis = await startOwnRedis({ dataFolder, appendOnly: true })
  store = openStore()
  await store.ready()
})

afterEach(async () => {
  await store.close()
  await redis.stop()
})

function openStore(): RedisSpendStore {
  warnings = []
  const observer: Observer = { ...silentObserver, warn: (event) => void warnings.push(event) }
  return createRedisSpendStore({ url: redis.url, observer, nowMs: Date.now, commandTimeoutMs })
}

function spend(lines: readonly Line[], some: { readonly patienceMs?: number } = {}): Promise<SpendAnswer> {
  number += 1
  return store.spend(
    spendRequest({
      id: `s${number}`,
      lines,
      notAfterMs: Date.now() + (some.patienceMs ?? 1_000),
      expiresInMs: 600_000,
    }),
  )
}

function quota(): ReturnType<typeof quotaLine> {
  const current = hourOf(Date.now())
  return quotaLine({ current, next: hourOf(current.endMs) })
}

/** What comes first: an answer, a fault, or something else. */
function first(call: Promise<unknown>, other: Promise<unknown>): Promise<unknown> {
  return Promise.race([call.catch((fault: unknown) => fault), other])
}

const trouble = { code: 'store_unavailable', transient: true }

describe('a frozen Redis', () => {
  it('makes no caller wait longer than its time-out, then not at all, and serves again when it wakes', async () => {
    const line = rateLine({ burst: 50, amount: 1, periodMs: 3_600_000 })
    expect(await spend([line])).toMatchObject({ kind: 'taken' })
    process.kill(redis.pid, 'SIGSTOP')
    try {
      // Judged by the order of events, not by a stopwatch: a loaded machine delays all of them alike.
      expect(await first(spend([line], { patienceMs: 40 }), delay(60, 'waited too long'))).toMatchObject(trouble)
      const until = performance.now() + 600
      let atOnce = 0
      let asked = 0
      while (performance.now() < until) {
        const call = first(spend([line], { patienceMs: 40 }), delay(60, 'waited too long'))
        const answer = await first(call, setImmediate('not at once'))
        if (answer !== 'not at once') atOnce += 1
        else asked += 1
        expect(await call).toMatchObject(trouble)
        await delay(1)
      }
      expect(store.isReady()).toBe(false)
      expect(atOnce).toBeGreaterThan(20)
      expect(asked).toBeLessThan(10)
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    await expect
      .poll(() => spend([{ ...line, hits: 0 }]).then((answer) => answer.kind, String), { timeout: 3_000 })
      .toBe('taken')
    // Nothing that was given up was taken afterwards: one hit, the one before the freeze.
    expect(await store.peek([{ ...line, hits: 50 }])).toMatchObject({
      states: [{ fits: false, retryAfterMs: expect.any(Number) }],
    })
    expect(await store.peek([{ ...line, hits: 49 }])).toMatchObject({ states: [{ fits: true }] })
  })
})

describe('a Redis that fell silent', () => {
  it('is waited for by spends that a limit insists on, and done without by the others until it speaks', async () => {
    await store.close()
    store = createRedisSpendStore({ url: redis.url, observer: silentObserver, nowMs: Date.now })
    await store.ready()
    const insisting = rateLine({ burst: 50 })
    const dispensable = rateLine({ burst: 50, posture: 'allow' })
    expect(await spend([dispensable])).toMatchObject({ kind: 'taken' })
    // The share of the loop's time is known from the calls before.
    await delay(150)
    expect(await spend([dispensable])).toMatchObject({ kind: 'taken' })
    process.kill(redis.pid, 'SIGSTOP')
    try {
      const insists = spend([insisting], { patienceMs: 1_500 }).catch((fault: unknown) => fault)
      expect(await first(spend([dispensable], { patienceMs: 1_500 }), insists)).toMatchObject({
        ...trouble,
        message: 'Redis did not answer within 90 ms',
      })
      const unheard = spend([dispensable], { patienceMs: 1_500 }).catch((fault: unknown) => fault)
      expect(await first(unheard, setImmediate('not at once'))).toMatchObject({ message: 'Redis has been silent' })
      process.kill(redis.pid, 'SIGCONT')
      expect(await insists).toMatchObject({ kind: 'taken' })
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    expect(await spend([dispensable])).toMatchObject({ kind: 'taken' })
  })
})

describe('a killed Redis', () => {
  it('fails calls at once, and comes back with counters cold, rates half full and reservations stale', async () => {
    const rate = rateLine({ burst: 10, amount: 1, periodMs: 3_600_000 })
    const line = quota()
    await store.seed(await seedOf(store, alice, [counterOf(line, 0)]))
    const request = spendRequest({
      id: 'before',
      lines: [rate, line],
      notAfterMs: Date.now() + 1_000,
      expiresInMs: 600_000,
    })
    const answer = await store.spend(request)
    expect(answer).toMatchObject({ kind: 'taken', states: [{}, { used: 1_000 }] })
    const checkpoint = (await seedOf(store, alice, [])).checkpoint

    await redis.kill()
    await expect
      .poll(() =>
        spend([rate]).then(
          (other) => other.kind,
          (fault: unknown) => fault,
        ),
      )
      .toMatchObject(trouble)
    expect(await first(spend([rate]), setImmediate('not at once'))).toMatchObject(trouble)

    redis = await startOwnRedis({ dataFolder, appendOnly: true, port: redis.port })
    await store.ready(5_000)
    expect(await store.peek([{ ...rate, hits: 0 }, line])).toMatchObject({
      states: [{ debt: 18_000_000 }, { kind: 'cold' }],
    })
    const epoch = (await store.charges({ partition: 7, checkpoint: undefined, countMax: 1 })).epoch
    expect(epoch).not.toBe(checkpoint?.epoch)
    expect(await store.waiting(checkpoint === undefined ? [] : [checkpoint])).toEqual([7])
    expect(await store.seed({ subject: alice, checkpoint, counters: [] })).toBe('behind')

    // The forgotten reservation still counts, until its report is appended without difference.
    await store.seed(await seedOf(store, alice, [counterOf(line, 0)]))
    expect(await store.peek([line])).toMatchObject({ states: [{ used: 1_000 }] })
    expect(await store.report(reportOf(request, answer, { amounts: amounts({ credits: 200 }) }))).toBe('unrecorded')
    expect((await store.stale(10)).map((entry) => entry.subject.id).sort()).toEqual(['alice', 'research'])
    await store.seed(await seedOf(store, alice, [counterOf(line, 200)]))
    expect(await store.peek([{ ...rate, hits: 0 }, line])).toMatchObject({ states: [{ kind: 'rate' }, { used: 200 }] })
  })
})

describe('an emptied Redis', () => {
  it('begins a new epoch in the next script, under another name, though the server is the same', async () => {
    const before = await store.charges({ partition: 7, checkpoint: undefined, countMax: 1 })
    const admin = new Redis(redis.url)
    await admin.flushall()
    const after = await store.charges({ partition: 7, checkpoint: undefined, countMax: 1 })
    expect(after.epoch).not.toBe(before.epoch)
    admin.disconnect()
  })

  it('is asked again with the script itself when it lost its scripts', async () => {
    const admin = new Redis(redis.url)
    await admin.script('FLUSH')
    admin.disconnect()
    expect(await spend([rateLine()])).toMatchObject({ kind: 'taken' })
  })
})

describe('createRedisSpendStore()', () => {
  it('warns about a Redis that may evict', async () => {
    expect(warnings).not.toContain('redis_may_evict')
    const admin = new Redis(redis.url)
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    admin.disconnect()
    const other = openStore()
    await other.ready()
    expect(warnings).toContain('redis_may_evict')
    await other.close()
  })

  it('tells what the server says of its memory', () => {
    expect(store.facts()).toMatchObject([
      { maxmemoryPolicy: 'noeviction', maxmemoryBytes: expect.any(Number), runId: expect.stringMatching(/^\w{40}$/) },
    ])
  })

  it('refuses a Redis whose data lies in another way, before it touches any, and takes it once that is mended', async () => {
    const admin = new Redis(redis.url)
    expect(await admin.get('tg1:meta')).toBe('format=1 partitions=256')
    await admin.set('tg1:meta', 'format=1 partitions=64')
    const other = openStore()
    const refusal = { code: 'wrong_store_format', transient: false, message: expect.stringContaining('partitions=64') }
    await expect(other.ready(5_000)).rejects.toMatchObject(refusal)
    await expect(other.ready(5_000)).rejects.toMatchObject(refusal)
    await expect(other.peek([rateLine()])).rejects.toMatchObject(trouble)
    expect(warnings).toContain('redis_not_identified')
    expect(await admin.keys('*')).toEqual(['tg1:meta'])
    await admin.set('tg1:meta', 'format=1 partitions=256')
    await expect.poll(() => other.isReady(), { timeout: 5_000 }).toBe(true)
    await expect(other.ready(0)).resolves.toBeUndefined()
    admin.disconnect()
    await other.close()
  })

  it('refuses what another installation counts, adopts what nobody owned, and only looks where it is told to', async () => {
    const admin = new Redis(redis.url)
    const open = (installation: string, isLookOnly = false): RedisSpendStore =>
      createRedisSpendStore({ url: redis.url, observer: silentObserver, nowMs: Date.now, installation, isLookOnly })
    const looking = open('one', true)
    await looking.ready()
    expect(await admin.get('tg1:meta')).toBe('format=1 partitions=256')
    const owner = open('one')
    await owner.ready()
    expect(await admin.get('tg1:meta')).toBe('format=1 partitions=256 installation=one')
    for (const refused of [open('two'), open('two', true)]) {
      await expect(refused.ready(5_000)).rejects.toMatchObject({
        code: 'wrong_store_format',
        message: expect.stringMatching(/another installation under tg1:meta: one, not two.*TOLLGATE_KEY_PREFIX/),
      })
      await refused.close()
    }
    await admin.set('tg1:meta', 'format=1 partitions=256')
    await Promise.all([looking, owner].map((one) => one.close()))
    admin.disconnect()
  })

  it('refuses calls before it is connected, and says when nobody answers', async () => {
    const nobody = createRedisSpendStore({ url: 'redis://127.0.0.1:1', observer: silentObserver, nowMs: Date.now })
    await expect(nobody.peek([rateLine()])).rejects.toMatchObject(trouble)
    await expect(nobody.ready(100)).rejects.toMatchObject(trouble)
    await nobody.close()
  })

  it('spends with exactly one command', async () => {
    const line = quota()
    await store.seed(await seedOf(store, alice, [counterOf(line, 0)]))
    const admin = new Redis(redis.url)
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await admin.info('stats'))?.[1])
    await admin.config('RESETSTAT')
    for (let count = 0; count < 5; count += 1) await spend([rateLine(), line])
    const calls = (await admin.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)?.[1]
    expect(calls).toBe('5')
    expect(await commands()).toBeGreaterThan(0)
    admin.disconnect()
  })
})

describe('a Redis that is only busy', () => {
  // A machine that stops for longer than Redis may be silent leaves it alone rightly: then it is tried again.
  it('is not left alone for one call whose patience ended while others were answered', { retry: 3 }, async () => {
    const own = { url: redis.url, observer: silentObserver, nowMs: Date.now, commandTimeoutMs: 20_000 }
    const busy = createRedisSpendStore(own)
    await busy.ready()
    const line = rateLine({ burst: 100_000 })
    const request = (id: string, patienceMs: number) =>
      spendRequest({ id, lines: [line], notAfterMs: Date.now() + patienceMs })
    const patient = Promise.allSettled(
      Array.from({ length: 4_000 }, (_, index) => busy.spend(request(`patient-${index}`, 30_000))),
    )
    await busy.spend(request('impatient', 20)).catch((fault: unknown) => expect(fault).toMatchObject(trouble))
    expect(busy.isReady()).toBe(true)
    const kinds = (await patient).map((end) => (end.status === 'fulfilled' ? end.value.kind : 'failed'))
    expect(new Set(kinds)).toEqual(new Set(['taken']))
    await busy.close()
  })
})
