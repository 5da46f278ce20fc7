import type { Mutant } from './mutant.ts'

const ledgerStore = 'src/postgres/ledger-store.ts'
const lines = 'src/check/lines.ts'

/** Faults of what carries charges into the books, and of whoever asks the store. */
export const bookMutants: readonly Mutant[] = [
  {
    name: 'read before lock',
    breaks: 'the stream is read under the lock of the checkpoint: else the checkpoint goes back',
    patches: [
      {
        file: ledgerStore,
        find: 'const checkpoint = await lockCheckpoint(client, partition)\n',
        replace:
          'const before = (await client.query<CheckpointRow>(ledgerQueries.checkpoints)).rows.find((row) => row.partition === partition)\n',
      },
      {
        file: ledgerStore,
        find: 'const batch = await read(checkpoint)\n',
        replace:
          'const batch = await read(before && checkpointOf(before))\n  await lockCheckpoint(client, partition)\n',
      },
    ],
    stress: ['books-away', 'restart-store'],
  },
  {
    name: 'trim before commit',
    breaks: 'only what is booked is trimmed',
    patches: [
      {
        file: 'src/usage/drainer.ts',
        find: 'within(readMsMax, stream.charges({ partition, checkpoint, countMax: batchMax }))',
        replace: `within(readMsMax, stream.charges({ partition, checkpoint, countMax: batchMax })).then(async (batch) => {
      await stream.trim({ checkpoint: { partition, epoch: batch.epoch, position: batch.position }, keepMs: 0 })
      return batch
    })`,
      },
    ],
  },
  {
    name: 'trim past the checkpoint',
    breaks: 'nothing after the checkpoint is trimmed',
    patches: [
      {
        file: 'src/usage/trim.ts',
        find: 'stream.trim({ checkpoint, keepMs })',
        replace: "stream.trim({ checkpoint: { ...checkpoint, position: '9007199254740991' }, keepMs })",
      },
    ],
    stress: ['books-away'],
  },
  {
    name: 'checkpoint moved outside the transaction',
    breaks: 'checkpoint and books move in one transaction: else a seed counts a batch twice',
    patches: [
      {
        file: ledgerStore,
        find: 'await client.query(ledgerQueries.move, [partition, batch.epoch, batch.position])',
        replace: '',
      },
      {
        file: ledgerStore,
        find: "await options.onStep?.('committed', partition)",
        replace: 'await pool.query(ledgerQueries.move, [partition, checkpoint.epoch, checkpoint.position])',
      },
    ],
  },
  {
    name: 'one row per id',
    breaks: 'the books have a row per id and partition: a request that touched two has two',
    patches: [
      {
        file: ledgerStore,
        find: 'const parameters = [drain.partition,',
        replace: 'const parameters = [drain.batch.entries[0]?.home ?? drain.partition,',
      },
    ],
  },
  {
    name: 'final does not win over open',
    breaks: 'in the books final wins over open, then the larger amount',
    patches: [
      {
        file: 'test/simulation/booking.ts',
        find: "all.filter(({ state }) => state === 'final' || !isFinal)",
        replace: 'all',
      },
    ],
  },
  {
    name: 'partition follows the department',
    breaks: "a subject's partition is stored in its own row and never changes, also when it moves",
    patches: [
      {
        file: lines,
        find: "subjectOfRow('account', account),",
        replace: "{ kind: 'account', id: account.id, partition: department.partition },",
      },
      {
        file: lines,
        find: 'return subjectOfRow(kind, principal.account)',
        replace: 'return { kind, id: principal.account.id, partition: principal.department.partition }',
      },
    ],
    stress: ['policy'],
  },
  {
    name: 'spool not adopted',
    breaks: 'what a killed process kept on its disk is replayed by its successor',
    patches: [
      {
        file: 'src/files/replay.ts',
        find: '    this.#size += records\n',
        replace: `    const last = this.#options.journal.segments.at(-1)
    this.#cursor = { segment: last?.number ?? 0, offset: last?.bytes ?? 0 }
    if (records > 0) return
`,
      },
    ],
    stress: ['store-away', 'freeze-store', 'kill-process', 'kill-process'],
  },
  {
    name: 'report dropped while the store is away',
    breaks: 'a report that the store did not take goes to the spool',
    patches: [
      {
        file: 'src/check/report.ts',
        find: 'if (answer === undefined) return deps.keep(report)',
        replace: 'if (answer === undefined) return',
      },
    ],
    stress: ['store-away', 'freeze-store'],
  },
]
