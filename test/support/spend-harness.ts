import type { SpendStore } from '../../src/check/ports.ts'
import type { ChargeMeta, Checkpoint, Report, Seed, SeededCounter } from '../../src/core/charge.ts'
import type { ConcurrencyLine, QuotaLine, RateLine, TimeRange } from '../../src/core/limit.ts'
import { type Amounts, noAmounts } from '../../src/core/quantity.ts'
import type { SpendAnswer, SpendRequest } from '../../src/core/spend.ts'
import type { Subject } from '../../src/core/subject.ts'
import type { ChargeStream } from '../../src/usage/ports.ts'

/** A store under test, whose clock the test sets. */
export interface StoreHarness {
  readonly store: SpendStore & ChargeStream
  setNow(ms: number): Promise<void>
  close(): Promise<void>
}

export const startMs = Date.UTC(2026, 10, 22, 10, 30)
const hourMs = 3_600_000

export const alice: Subject = { kind: 'account', id: 'alice', partition: 7 }
export const research: Subject = { kind: 'department', id: 'research', partition: 7 }
export const address: Subject = { kind: 'address', id: '192.0.2.7', partition: 200 }

export const meta: ChargeMeta = {
  account: 'alice',
  project: 'vision',
  department: 'research',
  token: 'tok-1',
  address: '192.0.2.7',
  upstream: 'pypi',
  kind: 'artifact',
  resource: 'torch',
  file: 'torch-1.0.whl',
}

/** Amounts that are 0 unless said. */
export function amounts(some: Partial<Amounts>): Amounts {
  return { ...noAmounts, ...some }
}

/** The hour that holds `ms`, in UTC. */
export function hourOf(ms: number): TimeRange {
  const start = ms - (ms % hourMs)
  return { startMs: start, endMs: start + hourMs }
}

export function rateLine(some: Partial<RateLine> = {}): RateLine {
  return {
    kind: 'rate',
    limit: 'requests-per-second',
    subject: alice,
    quantity: 'requests',
    surface: 'pypi',
    hits: 1,
    enforced: true,
    posture: 'deny',
    amount: 10,
    periodMs: 1_000,
    burst: 5,
    paceMsMax: 0,
    ...some,
  }
}

export function quotaLine(some: Partial<QuotaLine> = {}): QuotaLine {
  const current = hourOf(startMs)
  return {
    kind: 'quota',
    limit: 'hourly',
    subject: alice,
    quantity: 'credits',
    surface: 'any',
    hits: 1_000,
    enforced: true,
    posture: 'deny',
    amount: 100_000,
    window: 'hour',
    timeZone: 'UTC',
    current,
    next: hourOf(current.endMs),
    ...some,
  }
}

export function concurrencyLine(some: Partial<ConcurrencyLine> = {}): ConcurrencyLine {
  return {
    kind: 'concurrency',
    limit: 'in-flight',
    subject: alice,
    quantity: 'in_flight',
    surface: 'pypi',
    hits: 1,
    enforced: true,
    posture: 'deny',
    amount: 2,
    slotMs: 9_000,
    ...some,
  }
}

export function spendRequest(some: Partial<SpendRequest> & Pick<SpendRequest, 'id'>): SpendRequest {
  return {
    lines: [],
    estimate: amounts({ requests: 1, credits: 1_000 }),
    surface: 'pypi',
    subjects: [alice, research],
    home: 7,
    meta,
    notAfterMs: startMs + 10 * 24 * hourMs,
    expiresInMs: 60_000,
    cold: 'ask',
    ...some,
  }
}

/** The report that answers a taken spend. */
export function reportOf(request: SpendRequest, answer: SpendAnswer, some: Partial<Report> = {}): Report {
  if (answer.kind !== 'taken') throw new Error(`Expected a taken spend, got ${answer.kind}`)
  return {
    id: request.id,
    at: answer.at,
    partitions: answer.epochs,
    subjects: request.subjects,
    surface: request.surface,
    home: request.home,
    meta: request.meta,
    state: 'final',
    amounts: request.estimate,
    outcome: 'delivered',
    expiresInMs: 60_000,
    ...some,
  }
}

/** Reads the whole stream of a partition and answers where a ledger would stand then. */
export async function drained(store: ChargeStream, partition: number): Promise<Checkpoint> {
  const batch = await store.charges({ partition, checkpoint: undefined, countMax: 100_000 })
  return { partition, epoch: batch.epoch, position: batch.position }
}

/** The ledger's figures for a subject, as of everything in the stream now. */
export async function seedOf(store: ChargeStream, subject: Subject, counters: readonly SeededCounter[]): Promise<Seed> {
  return { subject, checkpoint: await drained(store, subject.partition), counters }
}

/** The counter a quota line looks at, as a ledger knows it. */
export function counterOf(line: QuotaLine, used: number): SeededCounter {
  const { surface, quantity, window, timeZone, current } = line
  return { surface, quantity, window, timeZone, ...current, used }
}
