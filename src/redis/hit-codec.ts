import type { HitAnswer, HitCounter, HitLine } from '../core/hit.ts'
import { decideHits, type HitDecision, type HitPart } from '../core/hit-decision.ts'
import { type HeldHits, windowStartOf } from '../core/hit-look.ts'
import type { PartitionKeys } from './keys.ts'

/** What a call of a script is given. */
interface Encoded {
  readonly keys: string[]
  readonly args: string[]
}

/** A call that was counted, with what its counters held. */
export interface CountedHits extends HitDecision {
  readonly kind: 'counted'
  /** Of each line, before the call. */
  readonly held: readonly HeldHits[]
}

/** KEYS and ARGV of `scripts/hit.lua`. Text is joined by hand: this is done for every call. */
export function encodeHit(part: HitPart, partitions: readonly PartitionKeys[]): Encoded {
  const { lines, slotId = '', notAfterMs } = part
  const keys: string[] = []
  let asked = `[${Math.floor(Math.min(notAfterMs, Number.MAX_SAFE_INTEGER))},${countingOf(part)}`
  let descriptor: number | undefined
  for (const line of lines) {
    keys.push(keyOf(line, partitions))
    const kind = line.kind === 'window' ? 0 : line.kind === 'rate' ? 1 : 2
    const first = line.descriptor === descriptor ? 0 : 16
    const flags = kind + (line.enforced ? 4 : 0) + (line.chargesRefused ? 8 : 0) + first
    asked += `,${flags},${line.hits},${line.amount}`
    if (line.kind === 'window') asked += `,${line.startMs},${line.endMs},${line.nextEndMs}`
    else if (line.kind === 'rate') asked += `,${line.periodMs},${line.burst}`
    else asked += `,${line.slotMs}`
    descriptor = line.descriptor
  }
  return { keys, args: [`${asked}]`, slotId] }
}

/** The reply of `scripts/hit.lua` to this call: what its counters held, decided as the script decided it. */
export function decodeHit(reply: string, part: HitPart): CountedHits | Exclude<HitAnswer, { kind: 'counted' }> {
  const words = reply.split(' ')
  const at = Number(words[1])
  if (words[0] === 'late') return { kind: 'late', at }
  if (words[0] === 'stale') return { kind: 'stale-windows', at }
  const held = heldIn(words, part.lines)
  return { kind: 'counted', held, ...decideHits(part, at, held) }
}

/** What a part took and is to be given back. */
export interface TakenHits {
  readonly part: HitPart
  readonly counted: CountedHits
  /** As if it had never been asked; else what stands though the call is refused is left out. */
  readonly isUndone: boolean
}

/** KEYS and ARGV of `scripts/hit-back.lua`: of each counter, from what it holds to what it would; undefined where nothing is to be given back. */
export function encodeHitBack(
  { part, counted, isUndone }: TakenHits,
  partitions: readonly PartitionKeys[],
): Encoded | undefined {
  const { at, held, after } = counted
  const goals = isUndone ? held : decideHits({ ...part, isRefused: true }, at, held).after
  const keys = new Set<string>()
  const changed: string[] = []
  const taken: number[] = []
  // Backwards, because the last line of a counter knows what it came to.
  for (let index = part.lines.length - 1; index >= 0; index -= 1) {
    const line = part.lines[index]
    const [goal, now] = [goals[index], after[index]]
    if (line === undefined || goal === undefined || now === undefined) continue
    const key =
      line.kind === 'window' ? windowKey(line, windowStartOf(line, at) ?? 0, partitions) : keyOf(line, partitions)
    const back = keys.has(key) ? undefined : backOf(line, { goal, now, at })
    keys.add(key)
    if (back === undefined) continue
    changed.push(key)
    taken.push(...back)
  }
  return changed.length === 0 ? undefined : { keys: changed, args: [JSON.stringify(taken), part.slotId ?? ''] }
}

/** Where the slots of a counter lie. */
export function slotsKey(counter: HitCounter, partitions: readonly PartitionKeys[]): string {
  return `${prefixOf(counter, partitions)}${counter.id}:c`
}

function countingOf({ counting, isRefused }: HitPart): 0 | 1 | 2 {
  if (counting === 'each') return 1
  return isRefused === true ? 2 : 0
}

function keyOf(line: HitLine, partitions: readonly PartitionKeys[]): string {
  if (line.kind === 'window') return windowKey(line, line.startMs, partitions)
  return line.kind === 'rate'
    ? `${prefixOf(line.counter, partitions)}${line.counter.id}:r`
    : slotsKey(line.counter, partitions)
}

function windowKey({ counter }: HitLine, startMs: number, partitions: readonly PartitionKeys[]): string {
  return `${prefixOf(counter, partitions)}${counter.id}:${startMs}`
}

function prefixOf({ partition }: HitCounter, partitions: readonly PartitionKeys[]): string {
  const keys = partitions[partition]
  if (keys === undefined) throw new RangeError(`Partition must be 0 to ${partitions.length - 1}, is ${partition}`)
  return keys.hitPrefix
}

function heldIn(words: readonly string[], lines: readonly HitLine[]): readonly HeldHits[] {
  let place = 2
  return lines.map((line): HeldHits => {
    const [first, own, last, room] = [words[place], words[place + 1], words[place + 2], words[place + 3]]
    if (line.kind !== 'concurrency') {
      place += 1
      return Number(first)
    }
    place += 4
    const roomAtMs = room === '-' ? undefined : Number(room)
    return { held: Number(first), ownEndsAtMs: Number(own), lastEndsAtMs: Number(last), roomAtMs }
  })
}

function backOf(
  line: HitLine,
  { goal, now, at }: { readonly goal: HeldHits; readonly now: HeldHits; readonly at: number },
): readonly number[] | undefined {
  if (typeof goal !== 'number' && typeof now !== 'number')
    return goal.ownEndsAtMs === now.ownEndsAtMs ? undefined : [2, goal.ownEndsAtMs]
  if (typeof goal !== 'number' || typeof now !== 'number' || goal === now) return undefined
  const taken = now - goal
  if (line.kind === 'rate') return [1, taken, now, line.periodMs, line.amount, at]
  return line.kind === 'window' ? [0, taken, at < line.endMs ? line.endMs : line.nextEndMs] : undefined
}
