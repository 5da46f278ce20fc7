import type { Checkpoint, CounterWindow, Seed } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import { partitionCount, subjectName } from '../core/subject.ts'
import {
  type AfterRestore,
  databaseFindings,
  entriesFindings,
  restoreFindings,
  spoolFindings,
} from './book-findings.ts'
import type { Finding } from './finding.ts'
import { hitsFindings } from './hits-findings.ts'
import type { BooksExam, BooksReport, PartitionReport, SpoolReport, StoreExam } from './ports.ts'
import { type Compared, counterFindings, emptyFindings, partitionFindings, storeFindings } from './store-findings.ts'

export interface Examination {
  /** False when any finding is wrong. */
  readonly isHealthy: boolean
  readonly findings: readonly Finding[]
  /** Those that were ever used. */
  readonly partitions: readonly PartitionReport[]
}

export interface ExamineDeps {
  /** May reject with a `Fault`: then they cannot be compared with. */
  readonly books: () => Promise<BooksExam>
  /** Undefined: it counts inside a running process and cannot be looked into from outside. May reject with a `Fault`. */
  readonly store: () => Promise<StoreExam | undefined>
  /** A Redis that counts hits of descriptors and nothing else; undefined: there is none. May reject with a `Fault`. */
  readonly hits?: () => Promise<StoreExam | undefined>
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
  const { books, report, findings } = await lookAtBooks(deps)
  const spools = spoolFindings(await deps.spools())
  const seen = await lookAtStore(deps, { wish, books })
  const { isDatabaseEmbedded } = deps
  const restored = report && { report, isDatabaseEmbedded, ...(seen.store && { store: seen.store }) }
  const restore = wish.isAfterRestore && restored !== undefined ? restoreFindings(restored) : []
  const all = [...findings, ...spools, ...seen.findings, ...(await lookAtHits(deps)), ...restore]
  return {
    isHealthy: all.every(({ level }) => level !== 'wrong'),
    findings: all,
    partitions: seen.store?.partitions ?? [],
  }
}

interface KnownBooks extends Pick<Examination, 'findings'> {
  /** Absent: they cannot be read. */
  readonly books?: BooksExam
  readonly report?: BooksReport
}

async function lookAtBooks({ books: open, nowMs }: ExamineDeps): Promise<KnownBooks> {
  try {
    const books = await open()
    const askedMs = nowMs()
    const report = await books.report()
    const halfwayMs = (askedMs + nowMs()) / 2
    const findings = [
      ...databaseFindings(report, { partitions: partitionCount, nowMs: halfwayMs }),
      ...entriesFindings(await books.entries()),
    ]
    return { books, report, findings }
  } catch (error) {
    return { findings: [wrong('database', error)] }
  }
}

type Seen = Pick<Examination, 'findings'> & Pick<AfterRestore, 'store'>

interface Looking {
  readonly wish: ExamineWish
  readonly books: BooksExam | undefined
}

async function lookAtStore(deps: ExamineDeps, looking: Looking): Promise<Seen> {
  try {
    const store = await deps.store()
    if (store !== undefined) return await compareStore(deps, { ...looking, store })
    const sentence = 'It counts inside the running process, where nobody else can look: its metrics say how it is'
    return { findings: [{ about: 'store', level: 'note', sentence }] }
  } catch (error) {
    return { findings: [wrong('store', error)] }
  }
}

async function lookAtHits({ hits }: ExamineDeps): Promise<readonly Finding[]> {
  try {
    const store = await hits?.()
    if (store === undefined) return []
    // Whether it answers at all.
    await store.partition(0, undefined)
    return hitsFindings(store.servers())
  } catch (error) {
    const { sentence, ...finding } = wrong('store', error)
    return [{ ...finding, sentence: `The Redis of TOLLGATE_HITS_REDIS_URL: ${sentence}` }]
  }
}

/** What is no `Fault` is a defect and ends the command. */
function wrong(about: Finding['about'], error: unknown): Finding {
  if (!(error instanceof Fault)) throw error
  return { about, level: 'wrong', sentence: error.message }
}

async function compareStore(
  { nowMs }: ExamineDeps,
  { store, wish, books }: Looking & { readonly store: StoreExam },
): Promise<Seen> {
  const checkpoints = new Map((await books?.checkpoints())?.map((one) => [one.partition, one]))
  const partitions = await lookAtPartitions(store, checkpoints)
  const unread = partitions.filter(({ partition, entries }) => entries > 0 && !checkpoints.has(partition))
  const counters = books === undefined ? [] : await compareCounters(store, { books, wish })
  return {
    store: { partitions, unreadPartitions: unread.length },
    findings: [
      ...storeFindings(store.servers(), { storeMs: store.nowMs(), nowMs: nowMs() }),
      ...emptyFindings(partitions, { hasBooked: checkpoints.size > 0 }),
      ...partitionFindings(partitions, { areBooksKnown: books !== undefined }),
      ...counters,
    ],
  }
}

async function compareCounters(
  store: StoreExam,
  { books, wish }: { readonly books: BooksExam; readonly wish: ExamineWish },
): Promise<readonly Finding[]> {
  const compared: Compared[] = []
  for (const seed of await seedsOf(books, wish)) {
    if (seed.counters.length > 0) compared.push({ seed, counters: await store.compare(seed) })
    const rest = await unkept(seed, { store, books })
    if (rest !== undefined) compared.push({ seed: rest, counters: await store.compare(rest) })
  }
  const findings = counterFindings(compared)
  return wish.account !== undefined && compared.length === 0 ? [unknownAccount(wish.account), ...findings] : findings
}

/** What `quota_usage` has; of one account also those of its subjects that have nothing there. */
async function seedsOf(books: BooksExam, wish: ExamineWish): Promise<readonly Seed[]> {
  const seeds = await books.counters({ ...wish, countMax: countersMax })
  if (wish.account === undefined) return seeds
  const known = new Set(seeds.map(({ subject }) => subjectName(subject)))
  const others = (await books.subjects(wish.account)).filter((subject) => !known.has(subjectName(subject)))
  return [...seeds, ...others.map((subject) => ({ subject, checkpoint: undefined, counters: [] }))]
}

/** What the books make of the counters that the store has of this subject and `seed` has not: they have no row in `quota_usage`. */
async function unkept(
  { subject, counters }: Seed,
  { store, books }: { readonly store: StoreExam; readonly books: BooksExam },
): Promise<Seed | undefined> {
  const nameOf = (one: CounterWindow): string =>
    [one.surface, one.quantity, one.window, one.timeZone, one.startMs, one.endMs].join(' ')
  const known = new Set(counters.map(nameOf))
  const nowMs = store.nowMs()
  const others = (await store.held(subject)).filter(
    (one) => one.startMs <= nowMs && nowMs < one.endMs && !known.has(nameOf(one)),
  )
  return others.length === 0 ? undefined : await books.figures(subject, others)
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
