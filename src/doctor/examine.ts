import type { Checkpoint } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import { partitionCount } from '../core/subject.ts'
import {
  type AfterRestore,
  databaseFindings,
  entriesFindings,
  restoreFindings,
  spoolFindings,
} from './book-findings.ts'
import type { Finding } from './finding.ts'
import type { BooksExam, PartitionReport, SpoolReport, StoreExam } from './ports.ts'
import { type Compared, counterFindings, partitionFindings, storeFindings } from './store-findings.ts'

export interface Examination {
  /** False when any finding is wrong. */
  readonly isHealthy: boolean
  readonly findings: readonly Finding[]
  /** Those that were ever used. */
  readonly partitions: readonly PartitionReport[]
}

export interface ExamineDeps {
  readonly books: BooksExam
  /** Undefined: it counts inside a running process and cannot be looked into from outside. May reject with a `Fault`. */
  readonly store: () => Promise<StoreExam | undefined>
  /** PostgreSQL is started with Tollgate. */
  readonly isDatabaseEmbedded: boolean
  readonly spools: () => Promise<readonly SpoolReport[]>
  readonly nowMs: () => number
}

export interface ExamineWish {
  /** Only its counters, and its project's and department's. */
  readonly account?: string
  readonly isAfterRestore: boolean
}

const countersMax = 200
const partitionsAtOnce = 32

/** Holds store, books and spool against each other. Changes nothing. What cannot be reached is a finding. */
export async function examine(deps: ExamineDeps, wish: ExamineWish): Promise<Examination> {
  const { books, spools, nowMs } = deps
  const askedMs = nowMs()
  const report = await books.report()
  const halfwayMs = (askedMs + nowMs()) / 2
  const findings = [
    ...databaseFindings(report, { partitions: partitionCount, nowMs: halfwayMs }),
    ...entriesFindings(await books.entries()),
    ...spoolFindings(await spools()),
  ]
  const seen = await lookAtStore(deps, wish)
  const { isDatabaseEmbedded } = deps
  const restored = { report, isDatabaseEmbedded, ...(seen.store && { store: seen.store }) }
  const restore = wish.isAfterRestore ? restoreFindings(restored) : []
  const all = [...findings, ...seen.findings, ...restore]
  return {
    isHealthy: all.every(({ level }) => level !== 'wrong'),
    findings: all,
    partitions: seen.store?.partitions ?? [],
  }
}

type Seen = Pick<Examination, 'findings'> & Pick<AfterRestore, 'store'>

async function lookAtStore(deps: ExamineDeps, wish: ExamineWish): Promise<Seen> {
  try {
    const store = await deps.store()
    if (store !== undefined) return await compareStore(deps, { store, wish })
    const sentence = 'It counts inside the running process, where nobody else can look: its metrics say how it is'
    return { findings: [{ about: 'store', level: 'note', sentence }] }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { findings: [{ about: 'store', level: 'wrong', sentence: error.message }] }
  }
}

async function compareStore(
  { books, nowMs }: ExamineDeps,
  { store, wish }: { readonly store: StoreExam; readonly wish: ExamineWish },
): Promise<Seen> {
  const checkpoints = new Map((await books.checkpoints()).map((one) => [one.partition, one]))
  const partitions = await lookAtPartitions(store, checkpoints)
  const unread = partitions.filter(({ partition, entries }) => entries > 0 && !checkpoints.has(partition))
  const compared: Compared[] = []
  const findings: Finding[] = []
  for (const seed of await books.counters({ ...wish, countMax: countersMax })) {
    compared.push({ seed, counters: await store.compare(seed) })
  }
  if (wish.account !== undefined && compared.length === 0) findings.push(unknownAccount(wish.account))
  return {
    store: { partitions, unreadPartitions: unread.length },
    findings: [
      ...findings,
      ...storeFindings(store.servers(), { storeMs: store.nowMs(), nowMs: nowMs() }),
      ...partitionFindings(partitions),
      ...counterFindings(compared),
    ],
  }
}

function unknownAccount(account: string): Finding {
  return { about: 'counters', level: 'note', sentence: `The books have no running counter of account ${account}` }
}

/** Some at a time: the store serves Checks meanwhile. */
async function lookAtPartitions(
  store: StoreExam,
  checkpoints: ReadonlyMap<number, Checkpoint>,
): Promise<readonly PartitionReport[]> {
  const reports: PartitionReport[] = []
  for (let from = 0; from < partitionCount; from += partitionsAtOnce) {
    const some = Array.from({ length: Math.min(partitionsAtOnce, partitionCount - from) }, (_, index) => from + index)
    reports.push(
      ...(await Promise.all(some.map((partition) => store.partition(partition, checkpoints.get(partition))))),
    )
  }
  return reports.filter(({ epoch, entries, pending }) => epoch !== undefined || entries > 0 || pending > 0)
}
