import { type CountedPath, pathOf, sharedPathOf } from '../../core/counted-path.ts'
import type { DescriptorRule, DomainRule, Period } from '../../core/descriptor-rule.ts'
import type { HitCounter, HitLine } from '../../core/hit.ts'
import { counterOf, type Digest, overrideMark, ownCounter } from '../../core/hit-counter.ts'
import { type PeriodMemo, periodMsOf, periodWindow } from '../../core/period-window.ts'
import type { RateLimitDescriptor, RateLimitRequest } from './rate-limit-words.ts'
import { formOf } from './rule-form.ts'
import { isOverride, type SelectedLimit } from './select-limits.ts'

/** What of a call is counted: its lines, and beside each the rule it is of. */
export interface CallLines {
  readonly lines: readonly HitLine[]
  readonly rules: readonly DescriptorRule[]
}

export interface LineFacts {
  readonly domain: DomainRule
  readonly request: RateLimitRequest
  /** The store's clock. */
  readonly nowMs: number
  readonly memo: PeriodMemo
  readonly digest: Digest
}

/** One line for each selected limit that counts. */
export function hitLinesOf(selected: readonly SelectedLimit[], facts: LineFacts): CallLines {
  const lines: HitLine[] = []
  const rules: DescriptorRule[] = []
  const { domain, request } = facts
  let path: CountedPath | undefined
  let pathIsOf = -1
  for (const { descriptor, rule } of selected) {
    if (rule.amount.kind === 'unlimited' || rule.amount.kind === 'none') continue
    const asked = request.descriptors[descriptor]
    if (asked === undefined) continue
    if (path === undefined || pathIsOf !== descriptor) {
      path = pathOf(domain.id, asked.entries)
      pathIsOf = descriptor
    }
    const counter = isOverride(rule)
      ? counterOf(overrideMark(periodOf(rule)), path, facts.digest)
      : ruleCounter(rule, { path, asked, digest: facts.digest })
    lines.push(lineOf(rule, { descriptor, counter, hits: hitsOf(asked, request) }, facts))
    rules.push(rule)
    partFromSame(lines, rules, facts.digest)
  }
  return { lines, rules }
}

/**
 * Two limits of one descriptor that would share a counter, such as a trial in shadow beside the real one, would count each hit twice: the
 * enforced one, else the earlier one, keeps it, the other has its own.
 */
function partFromSame(lines: HitLine[], rules: readonly DescriptorRule[], digest: Digest): void {
  const last = lines.length - 1
  const line = lines[last]
  if (line === undefined) return
  for (let index = last - 1; index >= 0; index -= 1) {
    const earlier = lines[index]
    if (earlier === undefined || earlier.descriptor !== line.descriptor) return
    if (earlier.counter.id !== line.counter.id) continue
    const place = line.enforced && !earlier.enforced ? index : last
    const [moved, rule] = [lines[place], rules[place]]
    if (moved !== undefined && rule !== undefined)
      lines[place] = { ...moved, counter: ownCounter(moved.counter, rule.id, digest) }
    return
  }
}

/** The same lines in the windows of another instant. */
export function atInstant({ lines, rules }: CallLines, nowMs: number, memo: PeriodMemo): CallLines {
  return {
    rules,
    lines: lines.map((line, index) => {
      const rule = rules[index]
      return line.kind === 'window' && rule ? { ...line, ...periodWindow(periodOf(rule), nowMs, memo) } : line
    }),
  }
}

function ruleCounter(
  rule: DescriptorRule,
  { path, asked, digest }: { readonly path: CountedPath; readonly asked: RateLimitDescriptor; readonly digest: Digest },
): HitCounter {
  const form = formOf(rule)
  return counterOf(form.mark, form.isShared ? sharedPathOf(rule, asked.entries) : path, digest)
}

/** What a descriptor asks: its own number, else the call's, where 0 stands for 1. */
export function hitsOf({ hitsAddend, isNegativeHits }: RateLimitDescriptor, request: RateLimitRequest): number {
  const asked = hitsAddend ?? (request.hitsAddend === 0 ? 1 : request.hitsAddend)
  const hits = Math.min(asked, Number.MAX_SAFE_INTEGER)
  return isNegativeHits === true ? 0 - hits : hits
}

const anyPeriod: Period = { unit: 'second', units: 1 }

function periodOf({ amount }: DescriptorRule): Period {
  return amount.kind === 'window' || amount.kind === 'rate' ? amount.period : anyPeriod
}

interface Counted {
  readonly descriptor: number
  readonly counter: HitCounter
  readonly hits: number
}

// Written out, because copying parts together costs several times as much, and this is done for every line of every call.

function lineOf(rule: DescriptorRule, { descriptor, counter, hits }: Counted, facts: LineFacts): HitLine {
  const { domain, nowMs, memo } = facts
  const enforced = !(rule.shadow || rule.quotaMode || domain.shadow || domain.quotaMode)
  const chargesRefused = rule.chargesRefused ?? domain.chargesRefused
  const posture = rule.posture ?? domain.posture
  const { amount } = rule
  if (amount.kind === 'rate') {
    const periodMs = periodMsOf(amount.period)
    const base = { descriptor, counter, hits, enforced, chargesRefused, posture, amount: amount.amount }
    return { kind: 'rate', ...base, periodMs, burst: amount.burst }
  }
  if (amount.kind === 'concurrency') {
    const base = { descriptor, counter, hits, enforced, chargesRefused, posture, amount: amount.amount }
    return { kind: 'concurrency', ...base, slotMs: amount.slotMs }
  }
  const { startMs, endMs, nextEndMs } = periodWindow(periodOf(rule), nowMs, memo)
  const most = amount.kind === 'window' ? amount.amount : 0
  return {
    kind: 'window',
    descriptor,
    counter,
    hits,
    enforced,
    chargesRefused,
    posture,
    amount: most,
    startMs,
    endMs,
    nextEndMs,
  }
}
