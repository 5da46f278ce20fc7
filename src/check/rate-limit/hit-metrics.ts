import type { DescriptorRule, DomainRule } from '../../core/descriptor-rule.ts'
import type { HitLine, HitState } from '../../core/hit.ts'
import { partitionHits } from '../../core/hit-partition.ts'
import type { Observer } from '../../telemetry/observer.ts'
import type { DescriptorEntry } from './rate-limit-words.ts'

/** What hits are counted for. */
export interface CountedRule {
  readonly domain: DomainRule
  /** Absent: a limit that the call brought along. */
  readonly rule?: DescriptorRule
  readonly entries: readonly DescriptorEntry[]
}

/** One line of a call, with what the store said of it. */
export interface CountedHit extends CountedRule {
  readonly line: HitLine
  readonly state: HitState
}

export interface HitMetrics {
  /** A line that the store has answered, taken or not. */
  count(hit: CountedHit): void
  /** Hits of a rule that is unlimited: no store is asked about them. */
  countUnlimited(of: CountedRule & { readonly hits: number }): void
  /** A limit of concurrency gave no slot, because the call does not say who would hold it. */
  countSlotless(): void
}

/** What became of a descriptor, or of a call of a domain without a row, other than being counted by a rule. */
export type DescriptorCase =
  | 'unknown_domain'
  | 'no_rule'
  | 'override'
  | 'unknown_unit'
  | 'replaced'
  | 'invalid_rid'
  | 'unknown_account'
  | 'own_limits'
  | 'stream_done'
  | 'no_slot_id'
  | 'store_away'

export function countCase(observer: Observer, it: DescriptorCase): void {
  observer.count('descriptor_cases_total', { case: it })
}

type Result = 'total' | 'within' | 'near' | 'over' | 'shadow' | 'quota' | 'untaken' | 'returned'
/** Adds to the counters of one rule, or of one rule and what is told of its values. */
type Add = (result: Result, by: number) => void

/** Stands for a rule's id; no id of a row looks like it. */
const overrideLabel = '(override)'
const textsMax = 1_000
const valueCharactersMax = 100
/** One call adds no more than this to a counter: some calls with hits near 2^64 would make it so large that single hits are rounded away. */
const hitsPerCallMax = 2 ** 32

/**
 * Counts hits into `descriptor_hits_total`, by rule. It lies on the road of every call: a rule's counters are looked up once, and only rules
 * that tell values apart have a text made for each call. `nearPercent`: from which part of a limit on hits are near it.
 */
export function createHitMetrics({
  observer,
  nearPercent,
}: {
  readonly observer: Observer
  readonly nearPercent: number
}): HitMetrics {
  const byRule = new WeakMap<DescriptorRule | DomainRule, Add>()
  const byText = new Map<string, Add>()
  const tellingRules = new WeakMap<DescriptorRule, readonly number[]>()
  const addOf = ({ domain, rule, entries }: CountedRule): Add => {
    const steps = rule && (tellingRules.get(rule) ?? remembered(tellingRules, rule, tellingSteps(rule)))
    if (rule === undefined || steps === undefined || steps.length === 0) {
      const owner = rule ?? domain
      return byRule.get(owner) ?? remembered(byRule, owner, createAdd(observer, { domain, rule, value: '' }))
    }
    const value = valueText({ rule, steps, entries })
    const key = `${domain.id}\n${rule.id}\n${value}`
    const known = byText.get(key)
    if (known !== undefined) return known
    if (byText.size >= textsMax) byText.clear()
    return remembered(byText, key, createAdd(observer, { domain, rule, value }))
  }
  return {
    count(hit) {
      const { line, state, domain, rule } = hit
      if (line.hits === 0) return
      const { total, within, near, over, untaken, returned } = partitionHits(line, state, nearPercent)
      const add = addOf(hit)
      if (total > 0) add('total', total)
      if (within > 0) add('within', within)
      if (near > 0) add('near', near)
      if (untaken > 0) add('untaken', untaken)
      if (returned > 0) add('returned', returned)
      if (over === 0) return
      add('over', over)
      if (!line.enforced) add(isShadow(domain, rule) ? 'shadow' : 'quota', over)
    },
    countSlotless: () => countCase(observer, 'no_slot_id'),
    countUnlimited(of) {
      if (of.hits <= 0) return
      const add = addOf(of)
      add('total', of.hits)
      add('within', of.hits)
    },
  }
}

function isShadow(domain: DomainRule, rule: DescriptorRule | undefined): boolean {
  return domain.shadow || rule?.shadow === true
}

function remembered<Key, Value>(known: { set(key: Key, value: Value): unknown }, key: Key, value: Value): Value {
  known.set(key, value)
  return value
}

interface Labelled {
  readonly domain: DomainRule
  readonly rule: DescriptorRule | undefined
  readonly value: string
}

/** The first four are there from the start, so that the first hit over a limit is a rise and not the beginning of a series. */
function createAdd(observer: Observer, { domain, rule, value }: Labelled): Add {
  const counterOf = (result: Result) =>
    observer.counter('descriptor_hits_total', { domain: domain.id, rule: rule?.id ?? overrideLabel, value, result })
  const counters = new Map<Result, (by: number) => void>()
  for (const result of ['total', 'within', 'near', 'over'] as const) counters.set(result, counterOf(result))
  return (result, by) =>
    (counters.get(result) ?? remembered(counters, result, counterOf(result)))(Math.min(by, hitsPerCallMax))
}

/** Which steps' values are told: all that can differ with `detailed_metric`, else those with `value_to_metric`. */
function tellingSteps({ steps, detailedMetric }: DescriptorRule): readonly number[] {
  return steps.flatMap(({ match, valueToMetric }, index) =>
    match.kind !== 'exact' && (detailedMetric || valueToMetric) ? [index] : [],
  )
}

interface Told {
  readonly rule: DescriptorRule
  readonly steps: readonly number[]
  readonly entries: readonly DescriptorEntry[]
}

/** `key=value, key=value`; of a step whose values count together, its pattern. */
function valueText({ rule, steps, entries }: Told): string {
  return steps
    .map((index) => {
      const step = rule.steps[index]
      const value = step?.sharesThreshold === true ? patternOf(step.match) : entries[index]?.value
      return `${step?.key}=${(value ?? '').slice(0, valueCharactersMax)}`
    })
    .join(', ')
}

function patternOf(match: DescriptorRule['steps'][number]['match']): string {
  if (match.kind === 'regex') return match.pattern
  if (match.kind === 'cidr') return match.cidr
  return match.kind === 'any' ? '*' : match.value
}
