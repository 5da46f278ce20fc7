import type { AnswerContext, Asker } from '../../../src/core/answer.ts'
import type { Refusal, RefusedLimit } from '../../../src/core/verdict.ts'

/** 2026-11-22T10:00:00Z. */
export const nowMs = 1_795_341_600_000
/** 2026-11-23T00:00:00Z. */
export const midnightMs = 1_795_392_000_000

export const context: AnswerContext = {
  askAt: 'https://tollgate.corp.example/ask',
  docsBase: 'https://docs.example/blocked',
  nowMs,
}

const pip: Asker = {
  surface: 'pypi',
  family: { name: 'pip', role: 'installer' },
  method: 'GET',
  kind: 'artifact',
  host: 'pypi.corp.example',
  path: '/packages/aa/bb/demo-1.0-py3-none-any.whl',
  indexRoot: '',
  requestId: '0b5f7a1e-8a51-4c52-9a3b-3f0d7f2b9c11',
}

export const asker = (change: Partial<Asker> = {}): Asker => ({ ...pip, ...change })

const dailyCredits: RefusedLimit = {
  name: 'account-daily',
  counts: 'credits',
  window: 'day',
  used: 10_000_000,
  amount: 10_000_000,
  resetAtMs: midnightMs,
  timeZone: 'UTC',
  refusesWith429: false,
  per: 'account',
}

export const overQuota = (change: Partial<RefusedLimit> = {}): Refusal => ({
  cause: 'quota',
  limit: { ...dailyCredits, ...change },
})

export const overCap = (change: Partial<RefusedLimit> = {}): Refusal => ({
  cause: 'concurrency',
  limit: {
    name: 'at-once',
    counts: 'in_flight',
    used: 2,
    amount: 2,
    timeZone: 'UTC',
    refusesWith429: false,
    per: 'account',
    ...change,
  },
})

export const overRate = (retryAfterMs: number): Refusal => ({
  cause: 'rate',
  retryAfterMs,
  limit: {
    name: 'steady',
    counts: 'requests',
    used: 300,
    amount: 300,
    timeZone: 'UTC',
    refusesWith429: false,
    per: 'account',
  },
})
