import type { ChargeMeta, Seed } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { ComparedCounter, PartitionReport, PendingReservation, StoreExam } from '../doctor/ports.ts'
import { decodeCounters } from './charge-codec.ts'
import type { Connection } from './connection.ts'
import { encodeCounterKey, encodeSubject, type PartitionKeys } from './keys.ts'
import type { Scripts } from './scripts.ts'

const waitMs = 5_000

/** Looks into one Redis by the connection that the spends use; writes nothing. */
export function createRedisStoreExam(parts: {
  readonly connection: Connection
  readonly scripts: Scripts
  readonly keys: readonly PartitionKeys[]
  readonly nowMs: () => number
}): StoreExam {
  const { connection, scripts, nowMs } = parts
  const keysOf = (partition: number): PartitionKeys => {
    const keys = parts.keys[partition]
    if (keys === undefined) throw new Fault('internal', `Partition must be 0 to 255, is ${partition}`)
    return keys
  }
  return {
    nowMs,
    servers: () => (connection.facts === undefined ? [] : [connection.facts]),
    async partition(partition, checkpoint) {
      const keys = keysOf(partition)
      const { epoch = '-', position = '-' } = checkpoint ?? {}
      const reply = await connection.run(scripts.exam, {
        keys: [keys.epoch, keys.charges, keys.pending, keys.stale],
        args: [connection.caller().runId, epoch, position],
        waitMs,
      })
      return readPartition(partition, String(reply))
    },
    async compare(seed) {
      const { subject, checkpoint, counters } = seed
      if (checkpoint === undefined) return 'behind'
      const keys = keysOf(subject.partition)
      const name = encodeSubject(subject)
      const { runId, fresh } = connection.caller()
      const windows = counters.map((one) => `${encodeCounterKey(one)} ${one.startMs} ${one.endMs} ${one.used}`)
      const reply = await connection.run(scripts.compare, {
        keys: [keys.epoch, keys.pending, keys.charges, keys.stale, keys.subjectPrefix + name],
        args: [runId, fresh, checkpoint.epoch, checkpoint.position, name, keys.recordPrefix, ...windows],
        waitMs,
      })
      return readCompared(seed, String(reply))
    },
    async held(subject) {
      const keys = keysOf(subject.partition)
      const own = keys.subjectPrefix + encodeSubject(subject)
      return decodeCounters(String(await connection.run(scripts.held, { keys: [keys.epoch, own], args: [], waitMs })))
    },
    async pending(subject, countMax) {
      const keys = keysOf(subject.partition)
      const reply = await connection.run(scripts.pending, {
        keys: [keys.pending],
        args: [encodeSubject(subject), keys.recordPrefix, String(countMax)],
        waitMs,
      })
      const words = reply as readonly string[]
      return Array.from({ length: words.length / 2 }, (_, index) =>
        readPending(words[2 * index] ?? '', words[2 * index + 1] ?? ''),
      )
    },
  }
}

function readPartition(partition: number, reply: string): PartitionReport {
  const [epoch = '-', isOfThisServer, ...counts] = reply.split(' ')
  const [entries = 0, unread = 0, lost = 0, pending = 0, overdue = 0, stale = 0] = counts.map(Number)
  return {
    ...{ partition, entries, unread, pending, overdue, stale },
    ...(epoch !== '-' && { epoch }),
    isOfThisServer: isOfThisServer === '1',
    isCheckpointLost: lost === 1,
    mayHaveLost: lost === 2,
  }
}

function readCompared({ counters }: Seed, reply: string): readonly ComparedCounter[] | 'behind' {
  if (reply === 'behind') return reply
  const words = reply.split(' ')
  return counters.flatMap(({ used: _, ...window }, index) => {
    const [held = '-', expected = '-'] = words.slice(2 * index, 2 * index + 2)
    if (expected === '-') return []
    return [{ ...window, expected: Number(expected), ...(held !== '-' && { held: Number(held) }) }]
  })
}

const states = { o: 'open', h: 'heard', f: 'final' } as const

/** A record's text; see `scripts/record.lua`. */
function readPending(id: string, record: string): PendingReservation {
  const [head = '', , , meta = '{}'] = record.split('\n')
  const words = head.split(' ')
  const [requests = 0, credits = 0, bytes = 0, gpu_ms = 0] = words.slice(7, 11).map(Number)
  const { resource, file } = JSON.parse(meta) as ChargeMeta
  const state = words[2] === 'h' || words[2] === 'f' ? states[words[2]] : 'open'
  return {
    ...{ id: decodeURIComponent(id), atMs: Number(words[1]), state, expiresAtMs: Number(words[3]), resource, file },
    booked: { requests, credits, bytes, gpu_ms },
  }
}
