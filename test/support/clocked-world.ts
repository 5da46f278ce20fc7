import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type LineFacts, linesOf, subjectsOf } from '../../src/check/lines.ts'
import { createReservationIds } from '../../src/check/reservation-id.ts'
import { seedCold } from '../../src/check/seed-cold.ts'
import { createWindows } from '../../src/compose/check-room.ts'
import type { SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import { createMemorySpendStore } from '../../src/memory/spend-store.ts'
import { createPostgresLedgerStore } from '../../src/postgres/ledger-store.ts'
import { silentObserver as observer } from '../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../src/usage/ledger.ts'
import type { LedgerStore } from '../../src/usage/ports.ts'
import { createSeeder } from '../../src/usage/seeder.ts'
import { createClockedRedis } from './clocked-redis.ts'
import { createPolicyWorld, inForce, onePerson, type PolicyWorld } from './policy.ts'
import { amounts, meta, reportOf, type StoreHarness, startMs } from './spend-harness.ts'

/** A request and what the store answered. */
export interface Asked {
  readonly request: SpendRequest
  readonly answer: SpendAnswer
}

/** A policy in PostgreSQL, a store whose clock the test sets and a ledger between them that runs when it is told. */
export interface ClockedWorld extends AsyncDisposable {
  readonly policy: PolicyWorld
  readonly books: LedgerStore
  readonly store: StoreHarness['store']
  setNow(ms: number): Promise<void>
  /** Runs SQL and waits until its policy is in force. */
  change(sql: string): Promise<void>
  /** One request of an artifact by alice for one credit, under what is in force at the store's time. */
  ask(): Promise<Asked>
  /** How many requests in a row are taken, of at most 20. */
  takes(): Promise<number>
  /** The report that a taken request was delivered, at so many credits. */
  delivered(asked: Asked, credits: number): Promise<void>
  /** Drains until nothing is left. */
  settle(): Promise<void>
}

export type StoreKind = 'redis' | 'memory'

export async function openClockedWorld(kind: StoreKind, setup = ''): Promise<ClockedWorld> {
  await using opened = new AsyncDisposableStack()
  const policy = opened.use(await createPolicyWorld({ setup: onePerson + setup }))
  const pool = new pg.Pool({ connectionString: policy.database.url, max: 4 })
  pool.on('error', () => undefined)
  opened.defer(() => pool.end())
  const harness = await (kind === 'redis' ? createClockedRedis() : createClockedMemory())
  opened.defer(() => harness.close())
  const { store } = harness
  const books = createPostgresLedgerStore({ pool, observer })
  const settings = { ...ledgerDefaults, nowMs: Date.now }
  const ledger = createLedger({ stream: store, store: books, seedStore: store, observer, settings })
  const nowMs = () => store.nowMs()
  const seed = createSeeder({ store: books, seedStore: store, drain: ledger.drain, nowMs, observer, inFlightMax: 10 })
  const mintId = createReservationIds(randomBytes)
  const windowsAt = createWindows()

  async function ask(): Promise<Asked> {
    const now = store.nowMs()
    const estimate = amounts({ requests: 1, credits: 1_000 })
    const { principal, limits } = aliceAt(policy, now)
    const facts: LineFacts = { ...{ principal, estimate, nowMs: now, windowsAt }, ...asked }
    const request: SpendRequest = {
      ...{ id: mintId(now), estimate, surface: 'pypi', home: principal.account.partition, meta },
      ...{ lines: linesOf(limits, facts), subjects: subjectsOf(limits, facts), notAfterMs: now + 20_000 },
      ...{ expiresInMs: 600_000, cold: 'ask' },
    }
    const answer = await store.spend(request)
    if (answer.kind !== 'cold') return { request, answer }
    await seedCold({ lines: request.lines, cold: answer.lines, notAfterMs: request.notAfterMs }, seed)
    return { request, answer: await store.spend(request) }
  }

  const closing = opened.move()
  return {
    ...{ policy, books, store, ask },
    setNow: (ms) => harness.setNow(ms),
    async change(sql) {
      await policy.sql(sql)
      const { rows } = await policy.sql('SELECT version::int FROM tollgate.policy_version')
      await inForce(policy.keeper, ({ version }) => version >= Number(rows[0]?.version))
    },
    async takes() {
      let taken = 0
      while (taken < 20 && (await ask()).answer.kind === 'taken') taken += 1
      return taken
    },
    async delivered({ request, answer }, credits) {
      await store.report(reportOf(request, answer, { amounts: amounts({ requests: 1, credits: credits * 1_000 }) }))
    },
    async settle() {
      for (let merged = 1; merged > 0; ) merged = await ledger.drainOnce()
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const asked = { address: meta.address, surface: 'pypi', kind: 'artifact' } as const

function aliceAt({ keeper }: PolicyWorld, nowMs: number) {
  const snapshot = keeper.current()
  const account = snapshot?.account('alice')
  const project = account && snapshot?.project(account.project)
  const department = project && snapshot?.department(project.department)
  if (!(snapshot && account && project && department)) throw new Error('There is no alice')
  return { principal: { account, project, department }, limits: snapshot.limitsOf(account, nowMs) }
}

async function createClockedMemory(): Promise<StoreHarness> {
  let nowMs = startMs
  const store = createMemorySpendStore({ nowMs: () => nowMs, randomText: () => crypto.randomUUID(), observer })
  return {
    store,
    async setNow(ms) {
      nowMs = ms
    },
    async close() {},
  }
}
