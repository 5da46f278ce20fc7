import type { Report } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { Line } from '../core/limit.ts'
import { refundOf } from '../core/refund.ts'
import type { SpendAnswer, SpendRequest } from '../core/spend.ts'
import type { Subject } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Admission, AdmitRequest } from './admission.ts'
import type { LocalStore, Spool } from './ports.ts'
import { shareOf } from './share.ts'
import { unlessAway } from './store-away.ts'

/** One spend that the store did not answer. */
export interface Unanswered {
  readonly lines: readonly Line[]
  readonly subjects: readonly Subject[]
  readonly spend: AdmitRequest['spend']
  /** It may have been taken all the same. */
  readonly isUncertain: boolean
}

export interface WithoutStore {
  /** By the postures of the enforced lines; what passes is booked to the spool at its estimate. */
  decide(unanswered: Unanswered): Promise<Admission>
  /** The refusal of these lines by this process's shares, where they have posture `local`; undefined: they pass. */
  refusal(lines: readonly Line[], unanswered: Unanswered): Promise<Admission | undefined>
  /** The store answered a spend. */
  answered(): void
  /** What became of a request that was decided here; to be called with every report that the store did not take. */
  reported(report: Report): void
}

export interface WithoutStoreDeps {
  readonly spool: Spool
  readonly openLocal: () => LocalStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  /** The store's clock as last known. */
  readonly nowMs: () => number
  readonly observer: Observer
}

/** A store that has answered for so long is back: the next outage begins with new shares. Shorter, and a flapping one would renew them. */
const backMs = 10_000
/** While it answers, what it cannot count is asked of the shares too: they are renewed when nothing was for so long. */
const coldMs = 3_600_000
const localPatienceMs = 1_000

type Taken = SpendAnswer & { readonly kind: 'taken' }

export function createWithoutStore(deps: WithoutStoreDeps): WithoutStore {
  const { spool, observer, nowMs } = deps
  const shares = createShares(deps)

  /** Takes the lines' shares; a Fault when they cannot be counted. */
  async function take(lines: readonly Line[], { subjects, spend }: Unanswered): Promise<SpendAnswer | Fault> {
    const notAfterMs = nowMs() + localPatienceMs
    const request: SpendRequest = { ...spend, lines, subjects, notAfterMs, cold: 'ask' }
    return unlessAway(shares.open().spend(request))
  }

  async function share(
    asked: readonly Line[],
    unanswered: Unanswered,
  ): Promise<{ readonly lines: readonly Line[]; readonly answer: Taken } | Admission> {
    const lines = asked.filter(isLocal).map((line) => shareOf(line, deps.processes()))
    if (lines.length === 0) return { lines, answer: passed(nowMs()) }
    const answer = await take(lines, unanswered)
    if (answer instanceof Fault) return { kind: 'unavailable', reason: 'local_full' }
    if (answer.kind === 'taken') return { lines, answer }
    if (answer.kind === 'refused') return { kind: 'refused', lines, answer: inTime(answer, asked.filter(isLocal)) }
    return { kind: 'unavailable', reason: 'store' }
  }

  async function decide(unanswered: Unanswered): Promise<Admission> {
    const { subjects, spend, isUncertain } = unanswered
    const enforced = unanswered.lines.filter((line) => line.enforced)
    if (enforced.some(({ posture }) => posture === 'deny')) return { kind: 'unavailable', reason: 'store' }
    if (!spool.accepts()) return unbooked(enforced, observer)
    const shared = await share(enforced, unanswered)
    if ('kind' in shared) return shared
    const booking = bookingOf(unanswered, shared.answer.at)
    const isBooked = spool.add(booking, isUncertain ? { notBeforeMs: spend.notAfterMs } : undefined)
    if (!isBooked) return unbooked(enforced, observer)
    observer.count('away_passes_total', { posture: postureOf(enforced) })
    return { kind: 'taken', lines: shared.lines, subjects, answer: { ...shared.answer, epochs: booking.partitions } }
  }

  return {
    answered: shares.answered,
    async decide(unanswered) {
      shares.notAnswered()
      const admission = await decide(unanswered)
      const passes = admission.kind === 'taken' || admission.kind === 'unbooked'
      return passes ? admission : refused(unanswered, { admission, ...deps })
    },
    async refusal(lines, unanswered) {
      shares.askedCold(lines)
      const shared = await share(lines, unanswered)
      return 'kind' in shared ? shared : undefined
    },
    reported(report) {
      shares
        .last()
        ?.report(report)
        .catch(() => undefined)
    },
  }
}

/** The shares in force: kept until the store is back for good, however rarely anybody asks for them meanwhile. */
function createShares({ openLocal, nowMs }: WithoutStoreDeps) {
  let local: LocalStore | undefined
  /** Since the last spend that it did not answer. */
  let answeringSinceMs: number | undefined
  let coldAtMs = Number.NEGATIVE_INFINITY
  return {
    last: () => local,
    open(): LocalStore {
      local ??= openLocal()
      return local
    },
    notAnswered(): void {
      answeringSinceMs = undefined
    },
    askedCold(lines: readonly Line[]): void {
      if (lines.some(isLocal)) coldAtMs = nowMs()
    },
    answered(): void {
      if (local === undefined) return
      const now = nowMs()
      answeringSinceMs ??= now
      if (now - answeringSinceMs > backMs && now - coldAtMs > coldMs) local = undefined
    },
  }
}

/** Who is refused gets back what the store may have taken without our hearing so. */
function refused(
  { spend, subjects, isUncertain }: Unanswered,
  { admission, spool, observer, nowMs }: WithoutStoreDeps & { readonly admission: Admission },
): Admission {
  // Room for the ends of what passed is worth more: what nobody reports is given back by the sweeper.
  if (isUncertain && !spool.accepts()) observer.count('reports_dropped_total', { reason: 'full' })
  else if (isUncertain) spool.add(refundOf({ ...spend, subjects, at: Math.floor(nowMs()) }, spend.notAfterMs))
  return admission
}

function unbooked(enforced: readonly Line[], observer: Observer): Admission {
  if (enforced.length > 0) return { kind: 'unavailable', reason: 'spool' }
  observer.count('unbooked_total')
  return { kind: 'unbooked' }
}

function isLocal({ enforced, posture }: Line): boolean {
  return enforced && posture === 'local'
}

function postureOf(enforced: readonly Line[]): 'allow' | 'local' {
  return enforced.some(isLocal) ? 'local' : 'allow'
}

function passed(nowMs: number): Taken {
  return { kind: 'taken', at: Math.floor(nowMs), paceMs: 0, epochs: [], states: [] }
}

/** What the whole limit would allow later is not too much for ever, only for this process and window. */
function inTime(
  answer: SpendAnswer & { readonly kind: 'refused' },
  asked: readonly Line[],
): SpendAnswer & { readonly kind: 'refused' } {
  const line = asked[answer.line]
  const state = answer.states[answer.line]
  const isOnlyShare = answer.retryAfterMs === 'never' && line !== undefined && line.hits <= line.amount
  if (!isOnlyShare || state?.kind !== 'quota') return answer
  return { ...answer, retryAfterMs: state.window.endMs - answer.at }
}

/** No store has a record of it, so no partition's epoch is known: what comes later is merged by its id. */
function bookingOf({ spend, subjects }: Unanswered, at: number): Report {
  const { id, surface, home, meta, estimate, expiresInMs } = spend
  const numbers = new Set([home, ...subjects.map(({ partition }) => partition)])
  const partitions = [...numbers].sort((left, right) => left - right).map((partition) => ({ partition, epoch: '' }))
  const base = { id, at, partitions, subjects, surface, home, meta, expiresInMs }
  return { ...base, state: 'open', amounts: estimate, outcome: 'unknown' }
}
