import type { Line, QuotaLine, RateLine } from '../core/limit.ts'
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
      String(request.notAfterMs),
      String(request.expiresInMs),
      request.cold,
      request.surface.charAt(0),
      estimate,
      id,
      String(plan.partitions.length),
      String(plan.subjects.length),
      partitionIndexes(plan),
      ...plan.partitions.map((partition) => {
        const subjects = plan.subjects.filter((subject) => subject.partition === partition)
        const names = subjects.map(encodeSubject).join(' ')
        const held = encodeSlots(slots, partition)
        return `${request.surface.charAt(0)} ${request.home} ${estimate} - - - -\n${names}\n${held}\n${meta}\n`
      }),
      ...encodeLines(request.lines, plan),
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
    args: [
      to.caller.runId,
      to.caller.fresh,
      String(plan.partitions.length),
      String(plan.subjects.length),
      partitionIndexes(plan),
      ...encodeLines(lines, plan),
    ],
  }
}

/** The reply of `scripts/spend.lua`, word by word. */
export function decodeSpend(reply: string, plan: SpendPlan): SpendAnswer {
  const words = reply.split(' ')
  const at = Number(words[1])
  switch (words[0]) {
    case 'taken': {
      const epochs = plan.partitions.map((partition, index) => ({ partition, epoch: words[4 + index] ?? '' }))
      const states = decodeStates(words, 4 + epochs.length)
      return { kind: 'taken', at: Number(words[2]), paceMs: Number(words[3]), epochs, states }
    }
    case 'refused':
      return {
        kind: 'refused',
        at,
        line: Number(words[2]),
        retryAfterMs: decodeWait(words[3]),
        states: decodeStates(words, 4),
      }
    case 'cold':
      return { kind: 'cold', at, lines: words.slice(2).map(Number) }
    case 'stale':
      return { kind: 'stale-windows', at }
    default:
      return { kind: 'late', at }
  }
}

/** The reply of `scripts/peek.lua`. */
export function decodePeek(reply: string): PeekAnswer {
  const words = reply.split(' ')
  const at = Number(words[1])
  return words[0] === 'seen' ? { kind: 'seen', at, states: decodeStates(words, 2) } : { kind: 'stale-windows', at }
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

function partitionIndexes(plan: SpendPlan): string {
  return plan.subjects.map((subject) => plan.partitions.indexOf(subject.partition) + 1).join(' ')
}

function encodeLines(lines: readonly Line[], plan: SpendPlan): string[] {
  return lines.map((line, index) => {
    const start = `${line.kind.charAt(0)} ${(plan.lineSubjects[index] ?? 0) + 1} ${encodeCounterKey(line)}`
    const asked = `${line.hits} ${line.enforced ? '1' : '0'} ${line.amount}`
    return `${start} ${asked} ${encodeRest(line)}`
  })
}

function encodeRest(line: Line): string {
  if (line.kind === 'rate') return encodeRate(line)
  return line.kind === 'quota' ? encodeWindows(line) : String(line.slotMs)
}

function encodeRate(line: RateLine): string {
  return `${line.periodMs} ${line.burst} ${line.paceMsMax}`
}

function encodeSlots(slots: readonly Slot[], partition: number): string {
  return slots
    .filter(({ subject }) => subject.partition === partition)
    .map(({ subject, key, slotMs }) => `${encodeSubject(subject)} ${encodeWord(key)} ${slotMs}`)
    .join(' ')
}

function encodeWindows(line: QuotaLine): string {
  return `${line.current.startMs} ${line.current.endMs} ${line.next.startMs} ${line.next.endMs}`
}

function decodeStates(words: readonly string[], from: number): LineState[] {
  const states: LineState[] = []
  let index = from
  while (index < words.length) {
    const kind = words[index]
    if (kind === 'r') {
      states.push({ kind: 'rate', debt: Number(words[index + 1]), ...decodeFit(words[index + 2]) })
      index += 3
    } else if (kind === 'c') {
      states.push({ kind: 'concurrency', held: Number(words[index + 1]), ...decodeFit(words[index + 2]) })
      index += 3
    } else if (kind === 'q') {
      const window = { startMs: Number(words[index + 2]), endMs: Number(words[index + 3]) }
      states.push({ kind: 'quota', used: Number(words[index + 1]), window, ...decodeFit(words[index + 4]) })
      index += 5
    } else {
      states.push({ kind: 'cold' })
      index += 1
    }
  }
  return states
}

function decodeFit(word: string | undefined): { readonly fits: boolean; readonly retryAfterMs: number | 'never' } {
  const retryAfterMs = decodeWait(word)
  return { fits: retryAfterMs === 0, retryAfterMs }
}

function decodeWait(word: string | undefined): number | 'never' {
  return word === '-1' ? 'never' : Number(word)
}
