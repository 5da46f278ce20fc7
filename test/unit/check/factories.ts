import type { LineFacts } from '../../../src/check/lines.ts'
import type { AccessLogEntry } from '../../../src/core/access-log.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import type { Principal } from '../../../src/core/principal.ts'
import type { Ticket } from '../../../src/core/ticket.ts'

/** Noon UTC of an ordinary day. */
export const noonMs = Date.UTC(2026, 10, 22, 12)
export const dayMs = 86_400_000

const alice: Principal = {
  account: {
    id: 'alice',
    partition: 7,
    kind: 'person',
    role: 'member',
    project: 'vision',
    plan: 'free',
    timeZone: 'UTC',
    disabled: false,
  },
  project: { id: 'vision', partition: 7, department: 'research' },
  department: { id: 'research', partition: 7 },
}

export function limitRule(changes: Partial<LimitRule> = {}): LimitRule {
  return {
    id: 'daily',
    name: 'account-daily',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    surface: 'any',
    amount: 10_000,
    window: 'day',
    appliesTo: { kind: 'anyone' },
    enforceAt: 'artifact',
    posture: 'deny',
    shadow: false,
    refusesWith429: false,
    ...changes,
  }
}

export function lineFacts(changes: Partial<LineFacts> = {}): LineFacts {
  return {
    principal: alice,
    address: '192.0.2.1',
    surface: 'pypi',
    kind: 'artifact',
    estimate: { requests: 1, credits: 2_500, bytes: 1_000_000, gpu_ms: 0 },
    nowMs: noonMs,
    windowsAt: (nowMs) => {
      const startMs = Math.floor(nowMs / dayMs) * dayMs
      return {
        current: { startMs, endMs: startMs + dayMs },
        next: { startMs: startMs + dayMs, endMs: startMs + 2 * dayMs },
      }
    },
    ...changes,
  }
}

export function ticket(changes: Partial<Ticket> = {}): Ticket {
  return {
    id: 'AAECAwQFBgcICQoLDA0ODw.abc',
    at: noonMs,
    partitions: [{ partition: 7, epoch: 'e1' }],
    subjects: [
      { kind: 'account', id: 'alice', partition: 7 },
      { kind: 'project', id: 'vision', partition: 7 },
    ],
    surface: 'pypi',
    home: 7,
    estimate: { requests: 1, credits: 2_500, bytes: 1_000_000, gpu_ms: 0 },
    price: {
      baseMilli: 1_000,
      tiers: [
        { fromBytes: 0, milliPerMb: 100 },
        { fromBytes: 10_000_000, milliPerMb: 50 },
      ],
      charged: 'by_size',
    },
    meta: {
      account: 'alice',
      project: 'vision',
      department: 'research',
      token: 't1',
      address: '192.0.2.1',
      upstream: 'mirror',
      kind: 'artifact',
      resource: 'numpy',
      file: 'numpy-2.0-py3-none-any.whl',
    },
    path: '/packages/aa/bb/cc/numpy-2.0-py3-none-any.whl',
    ...changes,
  }
}

/** The end of a complete download of 5 MB, of which 4 MB went over the wire. */
export const entry: AccessLogEntry = {
  ...{ node: 'edge', checked: true, type: 'end', requestId: 'r', method: 'GET', path: '/x', status: 200, details: '' },
  ...{
    bodyBytes: 5_000_000,
    wireBytes: 4_000_000,
    requestBodyBytes: 0,
    aborted: false,
    durationMs: 1,
    range: '',
    contentRange: '',
  },
  contentLengthBytes: undefined,
}
