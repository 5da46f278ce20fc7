import { Fault } from '../core/fault.ts'
import { refundOf } from '../core/refund.ts'
import type { LineState, SpendAnswer, SpendRequest } from '../core/spend.ts'
import { type PartOfSpend, partOfSpend, planSpend } from '../core/spend-plan.ts'
import type { At } from './at-master.ts'
import type { RedisSpendStore } from './spend-store.ts'

type Taken = SpendAnswer & { readonly kind: 'taken' }

interface Took {
  readonly part: PartOfSpend
  readonly answer: Taken
}

const unseen: LineState = { kind: 'cold' }

/**
 * A spend over several partitions that cannot be taken in one step. The later ones are looked at first, all at once, so that a cold counter is
 * found before anything is taken; then each is taken in order. A used-up limit is not refused at the look, which knows no ids: a repetition of
 * what was taken must be answered as the first time. The order is fixed, the home partition last. A refusal gives back what was taken before
 * it; when that fails, or an answer is lost, the fault is `uncertain` and the caller gives all of it back.
 */
export class ClusterSpending {
  readonly #at: At
  readonly #nowMs: () => number

  constructor(given: { readonly at: At; readonly nowMs: () => number }) {
    this.#at = given.at
    this.#nowMs = given.nowMs
  }

  async spend(request: SpendRequest): Promise<SpendAnswer> {
    const { partitions } = planSpend(request)
    const order = [...partitions.filter((partition) => partition !== request.home), request.home]
    if (order.length === 1) return this.#at(request.home, (store) => store.spend(this.#inClockOf(store, request)))
    const parts = order.map((partition) => partOfSpend(request, partition))
    return (await this.#foresee(request, parts.slice(1))) ?? this.#takeInOrder(request, parts)
  }

  async #foresee(request: SpendRequest, parts: readonly PartOfSpend[]): Promise<SpendAnswer | undefined> {
    const cold: number[] = []
    let at = 0
    const looks = parts.map((part) => this.#at(partitionOf(part), (store) => store.peek(part.request.lines)))
    for (const [index, answer] of (await Promise.all(looks)).entries()) {
      if (answer.kind === 'stale-windows') return answer
      at = answer.at
      const { lines = [] } = parts[index] ?? {}
      for (const [place, state] of answer.states.entries()) if (state.kind === 'cold') cold.push(lines[place] ?? -1)
    }
    return cold.length > 0 && request.cold === 'ask' ? { kind: 'cold', at, lines: cold } : undefined
  }

  async #takeInOrder(request: SpendRequest, parts: readonly PartOfSpend[]): Promise<SpendAnswer> {
    const took: Took[] = []
    for (const part of parts) {
      const answer = await this.#take(part).catch((error: unknown) => {
        throw took.length === 0 ? error : uncertain(error)
      })
      if (answer.kind !== 'taken') {
        await this.#giveBack(request, took)
        return notTaken(answer, { request, part, took })
      }
      took.push({ part, answer })
    }
    return allTaken(request, took)
  }

  #take(part: PartOfSpend): Promise<SpendAnswer> {
    return this.#at(partitionOf(part), (store) =>
      store.spendPart({ plan: part.plan, request: this.#inClockOf(store, part.request) }),
    )
  }

  /** Its bound in the clock of the master that is asked. */
  #inClockOf(store: RedisSpendStore, request: SpendRequest): SpendRequest {
    return { ...request, notAfterMs: Math.floor(request.notAfterMs + store.nowMs() - this.#nowMs()) }
  }

  async #giveBack(request: SpendRequest, took: readonly Took[]): Promise<void> {
    const { id, surface, home, meta } = request
    const given = took.map(({ part, answer }) => {
      const refund = refundOf({ id, at: answer.at, subjects: part.request.subjects, surface, home, meta }, 0)
      return this.#at(partitionOf(part), (store) => store.report({ ...refund, partitions: answer.epochs }))
    })
    const failed = (await Promise.allSettled(given)).find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw uncertain(failed.reason)
  }
}

function partitionOf({ plan }: PartOfSpend): number {
  return plan.partitions[0] ?? 0
}

function uncertain(cause: unknown): Fault {
  return new Fault('store_unavailable', 'A part of the spend was taken and may stand', {
    cause,
    transient: true,
    uncertain: true,
  })
}

function notTaken(
  answer: Exclude<SpendAnswer, Taken>,
  {
    request,
    part,
    took,
  }: { readonly request: SpendRequest; readonly part: PartOfSpend; readonly took: readonly Took[] },
): SpendAnswer {
  const lineOf = (place: number): number => part.lines[place] ?? -1
  if (answer.kind === 'refused') {
    const states = statesOf(request, [...took, { part, answer }])
    return { ...answer, line: lineOf(answer.line), states }
  }
  if (answer.kind === 'late') return answer
  // The id was used for the earlier parts, so it cannot be tried again.
  if (took.length > 0) throw new Fault('store_unavailable', 'A counter was lost during the spend', { transient: true })
  return answer.kind === 'cold' ? { ...answer, lines: answer.lines.map(lineOf) } : answer
}

function allTaken(request: SpendRequest, took: readonly Took[]): SpendAnswer {
  return {
    kind: 'taken',
    // The home partition's: roll-ups are made from its row.
    at: took.at(-1)?.answer.at ?? 0,
    paceMs: took.reduce((longest, { answer }) => Math.max(longest, answer.paceMs), 0),
    epochs: took.flatMap(({ answer }) => answer.epochs).toSorted((left, right) => left.partition - right.partition),
    states: statesOf(request, took),
  }
}

/** States by line of the whole request; of parts that were not asked nothing is known. */
function statesOf(
  request: SpendRequest,
  seen: readonly { readonly part: PartOfSpend; readonly answer: { readonly states: readonly LineState[] } }[],
): readonly LineState[] {
  const states = request.lines.map(() => unseen)
  for (const { part, answer } of seen) {
    for (const [place, index] of part.lines.entries()) states[index] = answer.states[place] ?? unseen
  }
  return states
}
