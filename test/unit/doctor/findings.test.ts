import { expect, test } from 'vitest'
import { databaseFindings, entriesFindings, restoreFindings, spoolFindings } from '../../../src/doctor/book-findings.ts'
import type { BooksReport, PartitionReport, ServerReport } from '../../../src/doctor/ports.ts'
import { counterFindings, partitionFindings, storeFindings } from '../../../src/doctor/store-findings.ts'

const report: BooksReport = {
  ...{ nowMs: 1_000_000, format: 1, partitions: 256, history: 'h', startedAtMs: 500_000 },
  ...{ unapplied: [], foreign: [] },
}
const partition: PartitionReport = {
  ...{ partition: 7, epoch: 'e', isOfThisServer: true, entries: 3, unread: 0, isCheckpointLost: false },
  mayHaveLost: false,
  ...{ pending: 1, overdue: 0, stale: 0 },
}
const server: ServerReport = {
  ...{ version: '8', maxmemoryPolicy: 'noeviction', isAppendOnly: true, maxmemoryBytes: 100, usedMemoryBytes: 10 },
}
const known = { partitions: 256, nowMs: 1_000_000 }
const wrong = (findings: readonly { readonly level: string; readonly sentence: string }[]): readonly string[] =>
  findings.filter(({ level }) => level === 'wrong').map(({ sentence }) => sentence)

test('a healthy installation has nothing wrong, and every area says so', () => {
  const all = [
    ...databaseFindings(report, known),
    ...storeFindings([server], { storeMs: 5, nowMs: 5 }),
    ...partitionFindings([partition]),
    ...entriesFindings({ doubled: [], unsettled: 0 }),
    ...spoolFindings([]),
  ]
  expect(all.map(({ level }) => level)).toEqual(['good', 'good', 'good', 'good'])
})

test.each([
  ['other partitions', databaseFindings({ ...report, partitions: 64 }, known), /64 partitions; this release has 256/],
  ['migrations', databaseFindings({ ...report, unapplied: ['0110_restored.sql'] }, known), /0110.*tollgate migrate/],
  [
    'eviction',
    storeFindings([{ ...server, maxmemoryPolicy: 'allkeys-lru' }], { storeMs: 0, nowMs: 0 }),
    /maxmemory-policy is allkeys-lru/,
  ],
  ['a full Redis', storeFindings([{ ...server, usedMemoryBytes: 100 }], { storeMs: 0, nowMs: 0 }), /full.*100 % of/],
  ['a stream that may have lost', partitionFindings([{ ...partition, mayHaveLost: true }]), /Partition 7.*may be lost/],
  ['a trimmed stream', partitionFindings([{ ...partition, isCheckpointLost: true }]), /Partition 7: the stream begins/],
  ['a ledger that lags', partitionFindings([{ ...partition, unread: 1_000 }]), /has 1000 or more charges to read/],
  ['doubles', entriesFindings({ doubled: ['id-1'], unsettled: 0 }), /Booked twice: id-1/],
  [
    'an orphaned spool',
    spoolFindings([{ folder: '/s/1', files: 1, bytes: 9, isOwned: false }]),
    /their process has ended/,
  ],
])('%s is wrong and says what to do or what it means', (_, findings, sentence) => {
  expect(wrong(findings)).toEqual([expect.stringMatching(sentence)])
})

test('what only somebody should know is no fault', () => {
  const findings = [
    ...databaseFindings({ ...report, nowMs: 1_003_000, foreign: ['9999_new.sql'] }, known),
    ...storeFindings([{ ...server, isAppendOnly: false, usedMemoryBytes: 95 }], {
      storeMs: 0,
      nowMs: 2_500,
    }),
    ...partitionFindings([{ ...partition, overdue: 2, stale: 1, unread: 4 }]),
    ...entriesFindings({ doubled: [], unsettled: 12 }),
    ...entriesFindings(undefined),
    ...spoolFindings([{ folder: '/s/1', files: 2, bytes: 9, isOwned: true }]),
  ]
  expect(wrong(findings)).toEqual([])
  const text = findings.map(({ sentence }) => sentence).join('\n')
  for (const part of [
    '3.0 s ahead of',
    'nearly full: it uses 95 %',
    '2.5 s behind',
    '9999_new.sql',
    'append-only',
    'reservations overdue: 2',
  ]) {
    expect(text).toContain(part)
  }
  expect(text).toContain('because nobody reported them: 12')
})

test('a counter that is not what the books, streams and reservations say is wrong, in shown units; a cold one is not', () => {
  const window = { window: 'day', timeZone: 'UTC', startMs: 0, endMs: 1, surface: 'any' } as const
  const seed = { subject: { kind: 'account', id: 'alice', partition: 7 }, checkpoint: undefined, counters: [] } as const
  const findings = counterFindings([
    {
      seed,
      counters: [
        { ...window, quantity: 'credits', held: 4_000, expected: 1_500 },
        { ...window, quantity: 'requests', expected: 3 },
        { ...window, quantity: 'bytes', held: 7, expected: 7 },
      ],
    },
    { seed, counters: 'behind' },
  ])
  expect(wrong(findings)).toEqual([
    "account:alice: the day's credits stand at 4 credits in the store; quota_usage with what the stream and the reservations hold beyond it makes 1.5 credits. One of the two is wrong",
  ])
  expect(findings.map(({ level }) => level)).toEqual(['wrong', 'note', 'good'])
  expect(findings.at(-1)?.sentence).toMatch(/reservations say: 1$/)
})

test.each([
  ['never run', report, 1],
  ['run before the server was started', { ...report, restored: { atMs: 400_000, history: 'h' } }, 1],
  ['run in another history', { ...report, restored: { atMs: 600_000, history: 'other' } }, 1],
  ['run', { ...report, restored: { atMs: 600_000, history: 'h' } }, 0],
])('after a restore, tollgate restored %s', (_, restored, faults) => {
  const store = { partitions: [partition], unreadPartitions: 0 }
  expect(wrong(restoreFindings({ report: restored, isDatabaseEmbedded: false, store }))).toHaveLength(faults)
})

test('after a restore, streams that are still to be read are wrong, and partitions of another Redis are not', () => {
  const done = { ...report, restored: { atMs: 600_000, history: 'h' } }
  const store = { partitions: [{ ...partition, isOfThisServer: false }], unreadPartitions: 1 }
  const findings = restoreFindings({ report: done, isDatabaseEmbedded: false, store })
  expect(findings.map(({ level }) => level)).toEqual(['good', 'wrong', 'note'])
})

test('after a restore, nothing is said of a store that cannot be seen, nor of the start of an embedded PostgreSQL', () => {
  const done = { ...report, restored: { atMs: 400_000, history: 'h' } }
  expect(restoreFindings({ report: done, isDatabaseEmbedded: true }).map(({ level }) => level)).toEqual(['good'])
})
