import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { clock } from '../../src/compose/clock.ts'
import type { QuotaLine } from '../../src/core/limit.ts'
import { windowsAt } from '../../src/core/quota-window.ts'
import type { Subject } from '../../src/core/subject.ts'
import { createPolicyKeeper, type PolicyKeeper } from '../../src/policy/keeper.ts'
import { createPostgresLedgerStore } from '../../src/postgres/ledger-store.ts'
import { createPostgresPolicyDatabase } from '../../src/postgres/policy-database.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver as observer } from '../../src/telemetry/observer.ts'
import { createLedger, type Ledger, ledgerDefaults } from '../../src/usage/ledger.ts'
import { createLevelWatch } from '../../src/usage/level-watch.ts'
import type { LedgerStore } from '../../src/usage/ports.ts'
import { createSeeder, type SeedSubject } from '../../src/usage/seeder.ts'
import { countersAndTruth, type LedgerDatabase, openLedgerDatabase } from './ledger-database.ts'
import { createKeyPrefix, sharedRedisUrl } from './redis.ts'
import { alice, amounts, quotaLine, reportOf, research, spendRequest } from './spend-harness.ts'

/** A real Redis, a real PostgreSQL and a ledger between them that runs when it is told. */
export interface LedgerWorld extends AsyncDisposable {
  readonly database: LedgerDatabase
  readonly spending: RedisSpendStore
  /** Empty, until the test writes rows. */
  readonly policy: PolicyKeeper
  readonly books: LedgerStore
  readonly ledger: Ledger
  readonly seed: SeedSubject
  /** Seeds what is cold and spends one request of alice; answers its report, to be sent or not. */
  spend(id: string, credits?: number): Promise<ReturnType<typeof reportOf>>
  /** Drains until nothing is left, seeds what is stale. */
  settle(): Promise<void>
  /** Runs a ledger in another process that kills itself at this step. */
  runUntilKilled(dieAt: string): Promise<void>
  /** Runs a ledger in another process that freezes at this step; answers, once it has, how to let it go on to its end. */
  runUntilFrozen(freezeAt: string): Promise<() => Promise<void>>
  /** What the store holds, what `quota_usage` holds and what the entries sum up to, of alice's and research's day. */
  figures(): Promise<
    readonly { readonly subject: string; readonly store: number; readonly kept: number; readonly truth: number }[]
  >
}

const day = windowsAt(Date.now(), { window: 'day', timeZone: 'UTC' }, new Map())

const dayLine = (subject: Subject, hits = 0): QuotaLine =>
  quotaLine({ limit: `daily of ${subject.kind}`, subject, hits, window: 'day', amount: 1_000_000_000, ...day })

const dayCounter = { surface: 'any', quantity: 'credits', window: 'day', timeZone: 'UTC', ...day.current } as const

export async function openLedgerWorld(): Promise<LedgerWorld> {
  const database = await openLedgerDatabase()
  const keyPrefix = createKeyPrefix()
  const spending = createRedisSpendStore({
    url: sharedRedisUrl(),
    observer,
    nowMs: Date.now,
    keyPrefix,
    commandTimeoutMs: 5_000,
  })
  await spending.ready()
  const policy = createPolicyKeeper({
    database: createPostgresPolicyDatabase({ databaseUrl: database.url }),
    ...{ observer, clock },
  })
  await policy.ready
  const watch = createLevelWatch({ policy: policy.current, nowMs: () => spending.nowMs() })
  const books = createPostgresLedgerStore({ pool: database.pool, observer, watch })
  const settings = { ...ledgerDefaults, nowMs: Date.now, batchMax: 7, trimEveryMs: 0, keepMs: 0 }
  const ledger = createLedger({ stream: spending, store: books, seedStore: spending, observer, settings })
  const nowMs = () => spending.nowMs()
  const seed = createSeeder({
    store: books,
    seedStore: spending,
    drain: ledger.drain,
    nowMs,
    observer,
    inFlightMax: 10,
  })
  return {
    ...{ database, spending, policy, books, ledger, seed },
    async spend(id, credits = 1_000) {
      const deadline = { notAfterMs: nowMs() + 20_000 }
      const estimate = amounts({ requests: 1, credits })
      const lines = [dayLine(alice, credits), dayLine(research, credits)]
      const request = spendRequest({ id, lines, estimate, expiresInMs: 600_000, ...deadline })
      let answer = await spending.spend(request)
      for (let tries = 0; answer.kind === 'cold' && tries < 5; tries += 1) {
        for (const index of answer.lines) await seed(lines[index]?.subject ?? alice, [dayCounter], deadline)
        answer = await spending.spend(request)
      }
      return reportOf(request, answer)
    },
    async settle() {
      for (let merged = 1; merged > 0; ) merged = await ledger.drainOnce()
    },
    async runUntilKilled(dieAt) {
      const orders = { databaseUrl: database.url, redisUrl: sharedRedisUrl(), keyPrefix, dieAt }
      const child = spawn(process.execPath, ['test/support/ledger-child.ts', JSON.stringify(orders)], {
        stdio: 'inherit',
      })
      const [, signal] = await once(child, 'exit')
      if (signal !== 'SIGKILL') throw new Error(`The ledger was not killed at ${dieAt} but ended by itself`)
    },
    async runUntilFrozen(freezeAt) {
      const orders = { databaseUrl: database.url, redisUrl: sharedRedisUrl(), keyPrefix, freezeAt }
      const child = spawn(process.execPath, ['test/support/ledger-child.ts', JSON.stringify(orders)], {
        stdio: 'inherit',
      })
      const ended = once(child, 'exit')
      const { pid = 0 } = child
      while (child.exitCode === null && !isStopped(pid)) await delay(10)
      if (child.exitCode !== null) throw new Error(`The ledger was not frozen at ${freezeAt} but ended by itself`)
      return async () => {
        child.kill('SIGCONT')
        const [code] = await ended
        if (code !== 7) throw new Error(`The ledger that was frozen at ${freezeAt} ended with ${code}`)
      }
    },
    async figures() {
      // A counter whose seed met a drain is not kept yet.
      for (const subject of [alice, research]) await books.figures(subject, [dayCounter])
      const kept = await database.rows(countersAndTruth)
      const seen = await spending.peek([dayLine(alice), dayLine(research)])
      const used =
        seen.kind === 'seen' ? seen.states.map((state) => (state.kind === 'quota' ? state.used : Number.NaN)) : []
      return ['account:alice', 'department:research'].map((subject, index) => {
        const row = kept.find((one) => one['subject'] === subject)
        const milli = (value: unknown) => Math.round(Number(value) * 1_000)
        return { subject, store: used[index] ?? Number.NaN, kept: milli(row?.['used']), truth: milli(row?.['truth']) }
      })
    },
    async [Symbol.asyncDispose]() {
      await policy.stop()
      await spending.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The kernel's word for a process that SIGSTOP has stopped. */
function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
