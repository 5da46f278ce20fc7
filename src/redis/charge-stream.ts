import type { Checkpoint } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { ChargeBatch, ChargeStream, StaleSubject, StreamSizes } from '../usage/ports.ts'
import { decodeCounters, decodeEntry, type StreamEntry } from './charge-codec.ts'
import type { Connection } from './connection.ts'
import { decodeSubject, type PartitionKeys } from './keys.ts'
import type { Scripts } from './scripts.ts'

interface Parts {
  readonly scripts: Scripts
  readonly connection: Connection
  readonly keys: readonly PartitionKeys[]
  /** Which partitions may stand in one call together. */
  readonly groups: () => readonly (readonly number[])[]
}

const waitMs = 2_000
/** Counting unread entries costs the server some 2 µs each. */
const unreadMax = 5_000

/** The streams of one Redis; nobody waits for them with a deadline of their own. */
export class RedisChargeStream implements ChargeStream {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async charges(from: {
    readonly partition: number
    readonly checkpoint: Checkpoint | undefined
    readonly countMax: number
  }): Promise<ChargeBatch> {
    const { connection, scripts } = this.#parts
    const { runId, fresh } = connection.caller()
    const keys = this.#keys(from.partition)
    const { epoch = '-', position = '-' } = from.checkpoint ?? {}
    const reply = await connection.run(scripts.charges, {
      keys: [keys.epoch, keys.charges],
      args: [runId, fresh, epoch, position, String(from.countMax)],
      waitMs,
    })
    const [inForce, floor, found] = reply as readonly [string, string, readonly StreamEntry[]]
    const entries = found.map((entry) => decodeEntry(entry, from.partition))
    return { partition: from.partition, epoch: inForce, entries, position: entries.at(-1)?.position ?? floor }
  }

  async waiting(checkpoints: readonly Checkpoint[]): Promise<readonly number[]> {
    const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
    const found = await Promise.all(this.#parts.groups().map((group) => this.#waitingOf(group, known)))
    return found.flat()
  }

  async #waitingOf(group: readonly number[], known: ReadonlyMap<number, Checkpoint>): Promise<readonly number[]> {
    const { connection, scripts } = this.#parts
    const keys = group.map((partition) => this.#keys(partition))
    const reply = await connection.run(scripts.waiting, {
      keys: [...keys.map((partition) => partition.epoch), ...keys.map((partition) => partition.charges)],
      args: group.map((partition) => checkpointText(known.get(partition))),
      waitMs,
    })
    const words = String(reply).split(' ')
    return words.filter((word) => word !== '').map((word) => group[Number(word) - 1] ?? -1)
  }

  async sizes(checkpoints: readonly Checkpoint[]): Promise<StreamSizes> {
    const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
    const { connection, scripts } = this.#parts
    const parts = await Promise.all(
      this.#parts.groups().map(async (group) => {
        const keys = group.map((partition) => this.#keys(partition))
        const reply = await connection.run(scripts.sizes, {
          keys: [...keys.map((partition) => partition.epoch), ...keys.map((partition) => partition.charges)],
          args: [String(unreadMax), ...group.map((partition) => checkpointText(known.get(partition)))],
          waitMs,
        })
        const [unread = 0, held = 0] = String(reply).split(' ').map(Number)
        return { unread, held }
      }),
    )
    return sumOf(parts)
  }

  async trim(upTo: { readonly checkpoint: Checkpoint; readonly keepMs: number }): Promise<number> {
    const { connection, scripts } = this.#parts
    const { runId, fresh } = connection.caller()
    const keys = this.#keys(upTo.checkpoint.partition)
    const reply = await connection.run(scripts.trim, {
      keys: [keys.epoch, keys.charges],
      args: [runId, fresh, upTo.checkpoint.epoch, upTo.checkpoint.position, String(upTo.keepMs)],
      waitMs,
    })
    return Number(reply)
  }

  async stale(countMax: number): Promise<readonly StaleSubject[]> {
    const found = await Promise.all(this.#parts.groups().map((group) => this.#staleOf(group, countMax)))
    return found.flat().slice(0, countMax)
  }

  async #staleOf(group: readonly number[], countMax: number): Promise<readonly StaleSubject[]> {
    const { connection, scripts } = this.#parts
    const keys = group.map((partition) => this.#keys(partition))
    const reply = await connection.run(scripts.stale, {
      keys: [...keys.map((partition) => partition.stale), ...keys.map((partition) => partition.epoch)],
      args: [String(countMax), ...keys.map((partition) => partition.subjectPrefix)],
      waitMs,
    })
    const words = reply as readonly string[]
    return Array.from({ length: words.length / 3 }, (_, index) => words.slice(3 * index, 3 * index + 3)).flatMap(
      ([partition, name = '', state = '']) => {
        const subject = decodeSubject(name, group[Number(partition) - 1] ?? -1)
        return subject === undefined ? [] : [{ subject, counters: decodeCounters(state) }]
      },
    )
  }

  #keys(partition: number): PartitionKeys {
    const keys = this.#parts.keys[partition]
    if (keys === undefined) throw new Fault('internal', `Partition must be 0 to 255, is ${partition}`)
    return keys
  }
}

/** Of parts that may be told or not. */
export function sumOf(parts: readonly (StreamSizes | undefined)[]): StreamSizes {
  const unread = parts.reduce((total, part) => total + (part?.unread ?? 0), 0)
  return { unread: Math.min(unreadMax, unread), held: parts.reduce((total, part) => total + (part?.held ?? 0), 0) }
}

function checkpointText(checkpoint: Checkpoint | undefined): string {
  return checkpoint === undefined ? '-' : `${checkpoint.epoch} ${checkpoint.position}`
}
