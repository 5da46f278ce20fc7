import { clockWords, type Finding } from './finding.ts'
import type { BooksReport, EntriesReport, PartitionReport, SpoolReport } from './ports.ts'

export function databaseFindings(
  report: BooksReport,
  known: { readonly partitions: number; readonly nowMs: number },
): Finding[] {
  const { unapplied, foreign, partitions } = report
  const findings: Finding[] = []
  const say = (level: Finding['level'], sentence: string): void =>
    void findings.push({ about: 'database', level, sentence })
  if (partitions !== known.partitions)
    say('wrong', `It was installed with ${partitions} partitions; this release has ${known.partitions}`)
  if (unapplied.length > 0) say('wrong', `Not applied: ${unapplied.join(', ')}. Run tollgate migrate`)
  if (foreign.length > 0)
    say('note', `Applied, but not as this release has it: ${foreign.join(', ')}. Another release runs here too`)
  const off = clockWords(report.nowMs - known.nowMs)
  if (off !== undefined) say('note', `Its clock is ${off} this machine's`)
  if (findings.length === 0) say('good', 'It is up to date and its clock is right')
  return findings
}

export function entriesFindings(report: EntriesReport | undefined): Finding[] {
  if (report === undefined)
    return [
      { about: 'ledger', level: 'note', sentence: 'The entries of two days could not be looked through within 10 s' },
    ]
  const { doubled, unsettled } = report
  const findings: Finding[] = []
  if (doubled.length > 0)
    findings.push({
      about: 'ledger',
      level: 'wrong',
      sentence: `Booked twice: ${doubled.join(', ')}. Each is a defect`,
    })
  if (unsettled > 0) {
    const sentence = `Requests since yesterday that stand at their estimate, because nobody reported them: ${unsettled}`
    findings.push({ about: 'ledger', level: 'note', sentence })
  }
  return findings
}

export function spoolFindings(spools: readonly SpoolReport[]): Finding[] {
  const waiting = spools.filter(({ bytes }) => bytes > 0)
  if (waiting.length === 0) return [{ about: 'spool', level: 'good', sentence: 'Nothing waits in the spool' }]
  return waiting.map(({ folder, files, bytes, isOwned }) => {
    const what = `Reports wait in ${folder}, files: ${files}, bytes: ${bytes}`
    return isOwned
      ? { about: 'spool', level: 'note', sentence: `${what}. They go to the store as soon as it takes them` }
      : {
          about: 'spool',
          level: 'wrong',
          sentence: `${what}, and their process has ended: start Tollgate on this data folder, which adopts them`,
        }
  })
}

/** What speaks for a restore of PostgreSQL that `tollgate restored` has not followed yet. */
export interface AfterRestore {
  readonly report: BooksReport
  /** It is started with Tollgate, so its start says nothing. */
  readonly isDatabaseEmbedded: boolean
  /** Undefined: the store cannot be looked into. */
  readonly store?: {
    readonly partitions: readonly PartitionReport[]
    /** How many of them hold charges of which the ledger has read none. */
    readonly unreadPartitions: number
  }
}

/** What is to be done after a restore, and whether it was. Redis needs nothing: it notices by itself. */
export function restoreFindings({ report, isDatabaseEmbedded, store }: AfterRestore): Finding[] {
  const { restored, history, startedAtMs } = report
  const isOfHistory = restored !== undefined && restored.history === history
  const isDone = isOfHistory && (isDatabaseEmbedded || restored.atMs >= startedAtMs)
  const first = isDone
    ? say('good', `tollgate restored was run at ${new Date(restored.atMs).toISOString()}`)
    : say('wrong', 'If PostgreSQL was restored: run tollgate restored. It was not, since this PostgreSQL was started')
  if (store === undefined) return [first]
  const { partitions, unreadPartitions: unread } = store
  const second =
    unread === 0
      ? say('good', 'The ledger has read every stream since')
      : say('wrong', `The streams of ${unread} partitions are still to be read: wait for the ledger, then ask again`)
  const old = partitions.filter(({ epoch, isOfThisServer }) => epoch !== undefined && !isOfThisServer).length
  const third =
    old === 0
      ? say('good', 'Redis needs nothing: every partition in use belongs to this life of the server')
      : say(
          'note',
          `Redis was restarted or restored: ${old} partitions begin anew at their first use and are counted from the books. Nothing is to be done`,
        )
  return [first, second, third]
}

function say(level: Finding['level'], sentence: string): Finding {
  return { about: 'restore', level, sentence }
}
