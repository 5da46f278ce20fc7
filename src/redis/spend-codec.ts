import type { Line } from '../core/limit.ts'
import type { Amounts } from '../core/quantity.ts'
import { type Slot, slotsTaken } from '../core/slot.ts'
import type { LineState, PeekAnswer, SpendAnswer, SpendRequest } from '../core/spend.ts'
import type { SpendPlan } from '../core/spend-plan.ts'
import type { Caller } from './connection.ts'
import { encodeCounterKey, encodeSubject, encodeWord, type PartitionKeys } from './keys.ts'

interface Encoded {
  readonly keys: string[]
  readonly args: string[]
}

/** KEYS and ARGV of `scripts/spend.lua`. */
export function encodeSpend(
  request: SpendRequest,
  plan: SpendPlan,
  to: { readonly partitions: readonly PartitionKeys[]; readonly caller: Caller },
): Encoded {
  const id = encodeWord(request.id)
  const of = (partition: number): PartitionKeys => keysOf(to.partitions, partition)
  const { requests, credits, bytes, gpu_ms } = request.estimate
  const estimate = encodeAmounts(request.estimate)
  const meta = JSON.stringify(request.meta)
  const slots = slotsTaken(request.lines)
  return {
    keys: [
      ...plan.partitions.map((partition) => of(partition).epoch),
      ...plan.partitions.map((partition) => of(partition).recordPrefix + id),
      ...plan.subjects.map((subject) => of(subject.partition).subjectPrefix + encodeSubject(subject)),
      ...plan.partitions.map((partition) => of(partition).pending),
      ...plan.partitions.map((partition) => of(partition).charges),
    ],
    args: [
      to.caller.runId,
      to.caller.fresh,
      id,
      JSON.stringify([
        Math.min(request.notAfterMs, Number.MAX_SAFE_INTEGER),
        request.expiresInMs,
        request.cold === 'pass' ? 1 : 0,
        request.surface.charAt(0),
        [requests, credits, bytes, gpu_ms],
        partitionIndexes(plan),
        encodeLines(request.lines, plan),
        request.isPart === true ? 1 : 0,
      ]),
      ...plan.partitions.map((partition) => {
        const subjects = plan.subjects.filter((subject) => subject.partition === partition)
        const names = subjects.map(encodeSubject).join(' ')
        const held = encodeSlots(slots, partition)
        return `${request.surface.charAt(0)} ${request.home} ${estimate} - - - -\n${names}\n${held}\n${meta}\n`
      }),
    ],
  }
}

/** KEYS and ARGV of `scripts/peek.lua`. */
export function encodePeek(
  lines: readonly Line[],
  plan: SpendPlan,
  to: { readonly partitions: readonly PartitionKeys[]; readonly caller: Caller },
): Encoded {
  const of = (partition: number): PartitionKeys => keysOf(to.partitions, partition)
  return {
    keys: [
      ...plan.partitions.map((partition) => of(partition).epoch),
      ...plan.subjects.map((subject) => of(subject.partition).subjectPrefix + encodeSubject(subject)),
      ...plan.partitions.map((partition) => of(partition).charges),
    ],
    args: [to.caller.runId, to.caller.fresh, JSON.stringify([partitionIndexes(plan), encodeLines(lines, plan)])],
  }
}

/** The reply of `scripts/spend.lua` to these lines, word by word. */
export function decodeSpend(reply: string, lines: readonly Line[], plan: SpendPlan): SpendAnswer {
  const words = reply.split(' ')
  const at = Number(words[1])
  switch (words[0]) {
    case 'taken': {
      const epochs = plan.partitions.map((partition, index) => ({ partition, epoch: words[4 + index] ?? '' }))
      const states = decodeStates(lines, words, 4 + epochs.length)
      return { kind: 'taken', at: Number(words[2]), paceMs: Number(words[3]), epochs, states }
    }
    case 'refused':
      return {
        kind: 'refused',
        at,
        line: Number(words[2]),
        retryAfterMs: decodeWait(words[3]),
        states: decodeStates(lines, words, 4),
      }
    case 'cold':
      return { kind: 'cold', at, lines: words.slice(2).map(Number) }
    case 'stale':
      return { kind: 'stale-windows', at }
    default:
      return { kind: 'late', at }
  }
}

/** The reply of `scripts/peek.lua` to these lines. */
export function decodePeek(reply: string, lines: readonly Line[]): PeekAnswer {
  const words = reply.split(' ')
  const at = Number(words[1])
  return words[0] === 'seen'
    ? { kind: 'seen', at, states: decodeStates(lines, words, 2) }
    : { kind: 'stale-windows', at }
}

/** Four numbers in the order of `bookedQuantities`. */
export function encodeAmounts(amounts: Amounts): string {
  return `${amounts.requests} ${amounts.credits} ${amounts.bytes} ${amounts.gpu_ms}`
}

function keysOf(partitions: readonly PartitionKeys[], partition: number): PartitionKeys {
  const keys = partitions[partition]
  if (keys === undefined) throw new RangeError(`Partition must be 0 to ${partitions.length - 1}, is ${partition}`)
  return keys
}

/** From 1, one per subject. */
function partitionIndexes(plan: SpendPlan): readonly number[] {
  return plan.subjects.map((subject) => plan.partitions.indexOf(subject.partition) + 1)
}

/** One array per line, as `scripts/lines.lua` reads them. */
function encodeLines(lines: readonly Line[], plan: SpendPlan): readonly (readonly (string | number)[])[] {
  return lines.map((line, index) => {
    const kind = line.kind.charAt(0)
    const subject = (plan.lineSubjects[index] ?? 0) + 1
    const { hits, amount } = line
    const start = [kind, subject, encodeCounterKey(line), hits, line.enforced ? 1 : 0, amount]
    if (line.kind === 'rate') return [...start, line.periodMs, line.burst, line.paceMsMax]
    if (line.kind === 'concurrency') return [...start, line.slotMs]
    return [...start, line.current.startMs, line.current.endMs, line.next.startMs, line.next.endMs]
  })
}

function encodeSlots(slots: readonly Slot[], partition: number): string {
  return slots
    .filter(({ subject }) => subject.partition === partition)
    .map(({ subject, key, slotMs }) => `${encodeSubject(subject)} ${encodeWord(key)} ${slotMs}`)
    .join(' ')
}

function decodeStates(lines: readonly Line[], words: readonly string[], from: number): LineState[] {
  let index = from
  return lines.map((line): LineState => {
    const kind = words[index]
    const [first, second, third] = words.slice(index + 1, index + 4)
    if (kind === 'r') {
      index += 3
      return { kind: 'rate', debt: Number(first), ...decodeFit(second) }
    }
    if (kind === 'c') {
      index += 3
      return { kind: 'concurrency', held: Number(first), ...decodeFit(second) }
    }
    if (kind === 'q' && line.kind === 'quota') {
      index += 4
      const { startMs, endMs } = second === '1' ? line.next : line.current
      return { kind: 'quota', used: Number(first), window: { startMs, endMs }, ...decodeFit(third) }
    }
    index += 1
    return { kind: 'cold' }
  })
}

function decodeFit(word: string | undefined): { readonly fits: boolean; readonly retryAfterMs: number | 'never' } {
  const retryAfterMs = decodeWait(word)
  return { fits: retryAfterMs === 0, retryAfterMs }
}

function decodeWait(word: string | undefined): number | 'never' {
  return word === '-1' ? 'never' : Number(word)
}
