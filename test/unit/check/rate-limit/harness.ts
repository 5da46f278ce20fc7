import { createHash } from 'node:crypto'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import { createLateAnswer } from '../../../../src/check/rate-limit/late-answer.ts'
import type { Principals } from '../../../../src/check/rate-limit/principal/own-call.ts'
import type {
  RateLimitAnswer,
  RateLimitDescriptor,
  RateLimitRequest,
} from '../../../../src/check/rate-limit/rate-limit-words.ts'
import { createRateLimit, type RateLimitDeps } from '../../../../src/check/rate-limit.ts'
import type { DescriptorRule, DescriptorStep, DomainRule, Period } from '../../../../src/core/descriptor-rule.ts'
import type { DescriptorDomain } from '../../../../src/core/match-descriptor.ts'
import { createPeriodMemo } from '../../../../src/core/period-window.ts'
import type { Snapshot } from '../../../../src/core/snapshot.ts'
import { createMemoryHitStore } from '../../../../src/memory/hit-store.ts'
import { editTree, emptyTree } from '../../../../src/policy/descriptor-tree.ts'
import { silentObserver } from '../../../../src/telemetry/observer.ts'

/** 2026-11-22 12:00:30 UTC, a Sunday: half a minute into its minute. */
export const startMs = Date.UTC(2026, 10, 22, 12, 0, 30)

export function domainRule(changes: Partial<DomainRule> = {}): DomainRule {
  return {
    id: 'shop',
    counting: 'all_or_nothing',
    chargesRefused: false,
    posture: 'allow',
    shadow: false,
    quotaMode: false,
    headers: 'ratelimit',
    headersShow: 'tightest',
    metadata: false,
    trustsDescriptors: false,
    ...changes,
  }
}

/** `key=value` for an exact value, `key` for any, a step for the rest. */
function stepsOf(path: readonly (string | DescriptorStep)[]): readonly DescriptorStep[] {
  return path.map((step) => {
    if (typeof step !== 'string') return step
    const [key = '', value] = step.split('=')
    const match = value === undefined ? ({ kind: 'any' } as const) : ({ kind: 'exact', value } as const)
    return { key, match, sharesThreshold: false, valueToMetric: false }
  })
}

export function rule(
  path: readonly (string | DescriptorStep)[],
  changes: Partial<DescriptorRule> = {},
): DescriptorRule {
  return {
    id: path.map((step) => (typeof step === 'string' ? step : step.key)).join('/'),
    domain: 'shop',
    steps: stepsOf(path),
    position: 0,
    amount: per('minute', 10),
    replaces: [],
    shadow: false,
    quotaMode: false,
    detailedMetric: false,
    ...changes,
  }
}

export function per(unit: Period['unit'], amount: number, changes: Partial<Period> = {}) {
  return { kind: 'window', amount, period: { unit, units: 1, ...changes } } as const
}

function domainOf(rules: readonly DescriptorRule[], changes: Partial<DomainRule> = {}): DescriptorDomain {
  const { root } = editTree(
    emptyTree,
    rules.map((one) => ({ rule: one, comes: true })),
    () => undefined,
  )
  return { rule: domainRule(changes), root }
}

/** `key=value,key=value` */
export function entriesOf(text: string): RateLimitDescriptor['entries'] {
  return text.split(',').map((entry) => {
    const [key = '', value = ''] = entry.split('=')
    return { key, value }
  })
}

type Asked = string | RateLimitDescriptor

export interface Desk {
  /** Asks by the memory store, unless told otherwise. */
  ask(
    descriptors: readonly Asked[],
    how?: { readonly hitsAddend?: number; readonly domain?: string; readonly told?: RateLimitAnswer },
  ): Promise<RateLimitAnswer>
  /** What a call is told that is not decided in time. */
  late(descriptors: readonly Asked[], domain?: string): RateLimitAnswer | undefined
  /** The codes of one call, as `ok` and `over`. */
  codes(descriptors: readonly Asked[], how?: { readonly hitsAddend?: number }): Promise<string>
  sleep(ms: number): void
  readonly cases: readonly string[]
}

/** Nobody is named. */
const nobodys: Principals = {
  readDescriptor: ({ entries }) => ({ entries, claim: { kind: 'none' }, isStreamDone: false }),
  own: { show: unexpected, spend: unexpected },
  streamDone: unexpected,
  within: (asked) => asked,
}

function unexpected(): Promise<never> {
  return Promise.reject(new Error('Nobody is named in this test'))
}

/** A rate limit on a domain of these rules, with the memory store and a clock that stands still. */
export function desk(
  rules: readonly DescriptorRule[],
  changes: Partial<DomainRule> & { readonly deps?: (nowMs: () => number) => Partial<RateLimitDeps> } = {},
): Desk {
  const { deps, ...domainChanges } = changes
  const domain = domainOf(rules, domainChanges)
  let now = startMs
  const nowMs = (): number => now
  const cases: string[] = []
  const hits: HitStore = createMemoryHitStore({ nowMs, countersMax: 10_000 })
  const snapshot = {
    descriptorDomain: (id: string) => (id === 'shop' ? domain : undefined),
    account: () => undefined,
  }
  const given: RateLimitDeps = {
    // The only questions of a snapshot that are asked here.
    policy: { current: () => snapshot as unknown as Snapshot },
    hits,
    openLocal: () => createMemoryHitStore({ nowMs, countersMax: 10_000 }),
    processes: () => 1,
    observer: {
      ...silentObserver,
      count(metric, labels) {
        if (metric === 'descriptor_cases_total') cases.push(labels?.['case'] ?? '')
      },
    },
    nowMs,
    digest: (text) => createHash('sha256').update(text, 'utf16le').digest('base64url'),
    principals: nobodys,
    memo: createPeriodMemo(),
    answers: { askAt: 'the platform team', docsBase: 'https://docs.example/blocked' },
    nearPercent: 80,
    ...deps?.(nowMs),
  }
  const rateLimit = createRateLimit(given)
  const lateAnswer = createLateAnswer({ ...given, observer: silentObserver })
  const request = (descriptors: readonly Asked[], id: string, hitsAddend: number): RateLimitRequest => ({
    domain: id,
    hitsAddend,
    descriptors: descriptors.map((one) => (typeof one === 'string' ? { entries: entriesOf(one) } : one)),
  })
  const ask: Desk['ask'] = (descriptors, { hitsAddend = 0, domain: id = 'shop', told } = {}) =>
    rateLimit(request(descriptors, id, hitsAddend), { deadlineMs: now + 20, told })
  return {
    ask,
    late: (descriptors, id = 'shop') => lateAnswer(request(descriptors, id, 0)),
    cases,
    async codes(descriptors, how) {
      const { statuses } = await ask(descriptors, how)
      return statuses.map(({ code }) => (code === 'ok' ? 'ok' : 'over')).join(' ')
    },
    sleep(ms) {
      now += ms
    },
  }
}
