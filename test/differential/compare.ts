import type { DescriptorConfig } from './configuration.ts'
import { documentedDifferences, type Finding } from './differences.ts'
import { createHistory, type History } from './history.ts'
import type { Outcome, WireAnswer, WireRequest, WireStatus } from './rate-limit-client.ts'

/** One request and what both sides said. */
export interface Exchange {
  readonly request: WireRequest
  readonly theirs: Outcome
  readonly ours: Outcome
  readonly atMs: number
}

export interface Comparison {
  /** How often each documented difference was met. */
  readonly met: ReadonlyMap<string, number>
  /** One line for each difference that no entry explains. */
  readonly unexplained: readonly string[]
}

/** Holds the answers to one sequence against each other: codes, limits, remaining hits, times until the reset. */
export function compareSequence(config: readonly DescriptorConfig[], exchanges: readonly Exchange[]): Comparison {
  const met = new Map<string, number>()
  const unexplained: string[] = []
  let atMs = 0
  const history = createHistory(() => atMs)
  for (const [nth, exchange] of exchanges.entries()) {
    atMs = exchange.atMs
    const fault = compareExchange({ exchange, config, history, met })
    unexplained.push(...fault.map((text) => `request ${nth + 1}: ${text}`))
  }
  return { met, unexplained }
}

interface Comparing {
  readonly exchange: Exchange
  readonly config: readonly DescriptorConfig[]
  readonly history: History
  readonly met: Map<string, number>
}

function compareExchange({ exchange, config, history, met }: Comparing): readonly string[] {
  const { request, theirs, ours } = exchange
  if (!('answer' in theirs)) return [`the reference failed: ${theirs.error}`]
  if (!('answer' in ours)) return [`Tollgate failed: ${ours.error}`]
  const lines = [
    ...incoherent('the reference', theirs.answer, request),
    ...incoherent('Tollgate', ours.answer, request),
  ]
  if (lines.length > 0) return lines
  const { domain } = request
  const seen = request.descriptors.map((descriptor, nth) => ({
    ...{ request, descriptor, config, history },
    theirs: theirs.answer.statuses[nth] ?? noStatus,
    ours: ours.answer.statuses[nth] ?? noStatus,
  }))
  for (const one of seen) history.counted({ domain, ...one })
  return seen.flatMap((one, nth) =>
    differingFields(one.theirs, one.ours).flatMap((field) => {
      const explanation = explain({ ...one, field })
      if (explanation !== undefined) met.set(explanation, (met.get(explanation) ?? 0) + 1)
      return explanation === undefined ? [`status ${nth + 1}: ${field} ${shown(one.theirs)} ≠ ${shown(one.ours)}`] : []
    }),
  )
}

/** As many statuses as descriptors, and over the limit as a whole just when one of them is: on both sides, always. */
function incoherent(who: string, answer: WireAnswer, request: WireRequest): readonly string[] {
  if (answer.statuses.length !== request.descriptors.length) {
    return [`${who} gave ${answer.statuses.length} statuses for ${request.descriptors.length} descriptors`]
  }
  const expected = answer.statuses.some(({ code }) => code === 'OVER_LIMIT') ? 'OVER_LIMIT' : 'OK'
  return answer.overallCode === expected ? [] : [`${who} said ${answer.overallCode} where its statuses say ${expected}`]
}

function explain(finding: Finding): string | undefined {
  const { history, descriptor } = finding
  for (const { id, explains, partsCounters = false } of documentedDifferences) {
    if (explains?.(finding) !== true) continue
    if (partsCounters) history.partWays(descriptor, id)
    return id
  }
  const isCount = finding.field === 'code' || finding.field === 'remaining'
  return isCount ? [...history.partedBy(descriptor)][0] : undefined
}

function differingFields(theirs: WireStatus, ours: WireStatus): readonly Finding['field'][] {
  const pairs = {
    code: [theirs.code, ours.code],
    limit: [JSON.stringify(theirs.currentLimit), JSON.stringify(ours.currentLimit)],
    remaining: [theirs.limitRemaining, ours.limitRemaining],
    reset: [JSON.stringify(theirs.durationUntilReset), JSON.stringify(ours.durationUntilReset)],
  } as const
  return (Object.keys(pairs) as Finding['field'][]).filter((field) => pairs[field][0] !== pairs[field][1])
}

const noStatus: WireStatus = { code: 'none', currentLimit: null, limitRemaining: -1, durationUntilReset: null }

function shown({ code, currentLimit: limit, limitRemaining, durationUntilReset: reset }: WireStatus): string {
  const of = limit === null ? 'no limit' : `${limit.requestsPerUnit}/${limit.unit} "${limit.name}"`
  const until = reset === null ? 'no reset' : `${Number(reset.seconds) + reset.nanos / 1e9} s`
  return `[${code}, ${of}, ${limitRemaining} left, ${until}]`
}
