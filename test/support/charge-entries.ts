import type { ChargeEntry, Checkpoint } from '../../src/core/charge.ts'
import type { Subject } from '../../src/core/subject.ts'
import type { ChargeBatch, ChargeStream } from '../../src/usage/ports.ts'

export const testDayMs = Date.UTC(2026, 10, 22)

export const account = (id: string, partition = 7): Subject => ({ kind: 'account', id, partition })

/** One entry of partition 7, alice's, final, delivered: 1 request, 1 credit, 1,000 bytes. */
export function chargeEntry(over: Partial<ChargeEntry> = {}): ChargeEntry {
  const partition = over.partition ?? 7
  return {
    position: '1',
    epoch: 'e1',
    partition,
    id: `r1.${testDayMs.toString(36)}`,
    at: testDayMs + 3_600_000,
    state: 'final',
    amounts: { requests: 1, credits: 1_000, bytes: 1_000, gpu_ms: 0 },
    difference: { requests: 1, credits: 1_000, bytes: 1_000, gpu_ms: 0 },
    subjects: [account('alice', partition)],
    surface: 'pypi',
    home: partition,
    meta: {
      account: 'alice',
      project: 'vision',
      department: 'research',
      token: 'alice-1',
      address: '192.0.2.1',
      upstream: 'mirror',
      kind: 'artifact',
      resource: 'torch',
      file: 'torch-2.0-py3-none-any.whl',
    },
    outcome: 'delivered',
    unsettled: false,
    onlyIfBooked: false,
    ...over,
  }
}

export interface ListStream extends ChargeStream {
  append(...entries: readonly ChargeEntry[]): void
  /** Forgets nothing but calls the stream another one, as after a restart of the in-process store. */
  startEpoch(epoch: string, entries: readonly ChargeEntry[]): void
}

/** A charge stream that is a list: for tests of the ledger alone, which may then order and repeat entries as no real store does. */
export function listStream(epochAtStart = 'e1'): ListStream {
  let epoch = epochAtStart
  let entries: ChargeEntry[] = []
  const after = ({ partition, checkpoint }: { partition: number; checkpoint: Checkpoint | undefined }) => {
    const start = checkpoint?.epoch === epoch ? Number(checkpoint.position) : 0
    return entries.filter((entry) => entry.partition === partition && Number(entry.position) > start)
  }
  return {
    append(...more) {
      entries.push(...more.map((entry, index) => ({ ...entry, position: String(entries.length + index + 1) })))
    },
    startEpoch(name, more) {
      epoch = name
      entries = more.map((entry, index) => ({ ...entry, epoch: name, position: String(index + 1) }))
    },
    async charges({ partition, checkpoint, countMax }): Promise<ChargeBatch> {
      const batch = after({ partition, checkpoint }).slice(0, countMax)
      const start = checkpoint?.epoch === epoch ? checkpoint.position : '0'
      return { partition, epoch, entries: batch, position: batch.at(-1)?.position ?? start }
    },
    async waiting(checkpoints) {
      const known = new Map(checkpoints.map((checkpoint) => [checkpoint.partition, checkpoint]))
      const partitions = new Set([...entries.map((entry) => entry.partition), ...known.keys()])
      return [...partitions].filter((partition) => {
        const checkpoint = known.get(partition)
        return (checkpoint && checkpoint.epoch !== epoch) || after({ partition, checkpoint }).length > 0
      })
    },
    async trim() {
      return 0
    },
    async stale() {
      return []
    },
  }
}
