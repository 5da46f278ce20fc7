import { amountWords } from '../core/amount-words.ts'
import type { Seed } from '../core/charge.ts'
import { bookedQuantities } from '../core/quantity.ts'
import { subjectName } from '../core/subject.ts'
import { clockWords, type Finding } from './finding.ts'
import type { ComparedCounter, PartitionReport, ServerReport } from './ports.ts'

const lagMax = 1_000
const nearlyFull = 0.9

export function storeFindings(
  servers: readonly ServerReport[],
  clock: { readonly storeMs: number; readonly nowMs: number },
): Finding[] {
  const findings: Finding[] = []
  const say = (level: Finding['level'], sentence: string): void =>
    void findings.push({ about: 'store', level, sentence })
  for (const { maxmemoryPolicy, isAppendOnly, maxmemoryBytes, usedMemoryBytes } of servers) {
    const usedShare = maxmemoryBytes === 0 ? 0 : usedMemoryBytes / maxmemoryBytes
    const used = `${Math.floor(usedShare * 100)} % of its maxmemory of ${maxmemoryBytes} bytes`
    if (usedShare >= 1)
      say('wrong', `Redis is full and refuses every charge: it uses ${used}. Give it more; see the guide on sizing`)
    else if (usedShare >= nearlyFull) say('note', `Redis is nearly full: it uses ${used}`)
    if (maxmemoryPolicy !== 'noeviction') {
      say(
        'wrong',
        `Redis may drop counters and reservations: maxmemory-policy is ${maxmemoryPolicy}. Set it to noeviction`,
      )
    }
    if (!isAppendOnly) {
      say(
        'note',
        'Redis keeps no append-only file: when it ends, open reservations and unread charges are lost. Set appendonly yes',
      )
    }
  }
  const off = clockWords(clock.storeMs - clock.nowMs)
  if (off !== undefined) say('note', `Its clock is ${off} this machine's; it decides which window a request belongs to`)
  if (findings.length === 0) say('good', 'Redis evicts nothing and its clock is right')
  return findings
}

/** A Redis without any partition in use: new, emptied, or asked under another name than Tollgate counts under. */
export function emptyFindings(
  partitions: readonly PartitionReport[],
  { hasBooked }: { readonly hasBooked: boolean },
): Finding[] {
  if (partitions.length > 0) return []
  const nothing = 'Nothing was ever counted under this TOLLGATE_KEY_PREFIX in this Redis'
  const why = 'the prefix or REDIS_URL is not that of the processes which serve, or Redis lost what it held'
  return hasBooked
    ? [{ about: 'store', level: 'wrong', sentence: `${nothing}, yet charges were booked: ${why}` }]
    : [{ about: 'store', level: 'note', sentence: nothing }]
}

export function partitionFindings(
  partitions: readonly PartitionReport[],
  { areBooksKnown = true }: { readonly areBooksKnown?: boolean } = {},
): Finding[] {
  const findings: Finding[] = []
  const say = (about: Finding['about'], level: Finding['level'], sentence: string): void =>
    void findings.push({ about, level, sentence })
  for (const { partition, isCheckpointLost, mayHaveLost, unread, overdue, stale } of partitions) {
    if (isCheckpointLost) {
      const sentence = `Partition ${partition}: the stream begins after where the books end, so charges between are gone. Were the books restored from a backup older than a day?`
      say('ledger', 'wrong', sentence)
    }
    if (mayHaveLost) {
      const sentence = `Partition ${partition}: Redis was restarted since the books end, and the stream begins after that: charges between may be lost. Were the books restored from a backup?`
      say('ledger', 'wrong', sentence)
    }
    if (areBooksKnown && unread >= lagMax)
      say(
        'ledger',
        'wrong',
        `Partition ${partition}: the ledger has ${unread} or more charges to read. Does a process with the role ledger run?`,
      )
    if (overdue > 0)
      say(
        'store',
        'note',
        `Partition ${partition}: reservations overdue: ${overdue}; the sweeper ends them within seconds`,
      )
    if (stale > 0)
      say('counters', 'note', `Partition ${partition}: subjects that wait to be recomputed from the books: ${stale}`)
  }
  const sum = (key: 'entries' | 'unread' | 'pending'): number => partitions.reduce((total, one) => total + one[key], 0)
  const toBook = areBooksKnown ? `of which to be booked: ${sum('unread')}` : 'of which nobody knows what is booked'
  const kept = `Charges kept in the streams: ${sum('entries')}, ${toBook}`
  say('ledger', sum('unread') > 0 ? 'note' : 'good', `${kept}; reservations pending: ${sum('pending')}`)
  return findings
}

/** What one subject's counters are and what they should be. */
export interface Compared {
  readonly seed: Seed
  readonly counters: readonly ComparedCounter[] | 'behind'
}

export function counterFindings(compared: readonly Compared[]): Finding[] {
  const findings: Finding[] = []
  let equal = 0
  for (const { seed, counters } of compared) {
    const name = subjectName(seed.subject)
    if (counters === 'behind') {
      findings.push({
        about: 'counters',
        level: 'note',
        sentence: `${name} cannot be compared now: it waits to be recomputed, or the ledger has not read far enough`,
      })
      continue
    }
    const wrong = counters.filter(({ held, expected }) => held !== undefined && held !== expected)
    equal += counters.filter(({ held, expected }) => held === expected).length
    findings.push(
      ...wrong.map(
        (counter): Finding => ({ about: 'counters', level: 'wrong', sentence: `${name}: ${differenceWords(counter)}` }),
      ),
    )
  }
  const sentence = `Counters that are what the books, the streams and the pending reservations say: ${equal}`
  return [...findings, { about: 'counters', level: 'good', sentence }]
}

function differenceWords({ quantity, surface, window, held = 0, expected }: ComparedCounter): string {
  const known = bookedQuantities.find((one) => one === quantity) ?? 'requests'
  const of = surface === 'any' ? '' : ` of ${surface}`
  return `the ${window.replace(/_.*/, '')}'s ${quantity}${of} stand at ${amountWords(known, held)} in the store; quota_usage with what the stream and the reservations hold beyond it makes ${amountWords(known, expected)}. One of the two is wrong`
}
