import type { ChargeEntry, ChargeMeta, CounterWindow, Report } from '../core/charge.ts'
import { type Outcome, outcomes } from '../core/charge.ts'
import { windowOfLetter } from '../core/counter-key.ts'
import { type Amounts, bookedQuantities } from '../core/quantity.ts'
import type { Subject, Surface } from '../core/subject.ts'
import type { Caller } from './connection.ts'
import { decodeSubject, encodeSubject, encodeWord, type PartitionKeys } from './keys.ts'
import { encodeAmounts } from './spend-codec.ts'

/** What XRANGE answers for one entry. */
export type StreamEntry = readonly [position: string, fields: readonly string[]]

/** KEYS and ARGV of `scripts/report.lua`. */
export function encodeReport(
  report: Report,
  partitions: readonly PartitionKeys[],
  caller: Caller,
): { readonly keys: string[]; readonly args: string[] } {
  const id = encodeWord(report.id)
  const touched = report.partitions.map(({ partition }) => {
    const keys = partitions[partition]
    if (keys === undefined) throw new RangeError(`Partition must be 0 to ${partitions.length - 1}, is ${partition}`)
    return { partition, keys }
  })
  return {
    keys: touched.flatMap(({ keys }) => [keys.epoch, keys.recordPrefix + id, keys.pending, keys.charges, keys.stale]),
    args: [
      caller.runId,
      caller.fresh,
      id,
      String(report.at),
      report.state === 'open' ? 'o' : 'f',
      encodeAmounts(report.amounts),
      report.outcome,
      String(report.expiresInMs),
      report.notAfterMs === undefined ? '-' : String(report.notAfterMs),
      report.surface.charAt(0),
      String(report.home),
      JSON.stringify(report.meta),
      ...touched.flatMap(({ partition, keys }) => [
        report.subjects
          .filter((subject) => subject.partition === partition)
          .map(encodeSubject)
          .join(' '),
        keys.subjectPrefix,
      ]),
    ],
  }
}

/** One entry of a partition's stream (see `scripts/record.lua` for its text). */
export function decodeEntry([position, fields]: StreamEntry, partition: number): ChargeEntry {
  const words = (fields[1] ?? '').split(' ')
  const difference = words[8] === '-' ? {} : { difference: decodeAmounts(words, 8) }
  return {
    position,
    epoch: words[0] ?? '',
    partition,
    id: decodeURIComponent(words[1] ?? ''),
    at: Number(words[2]),
    state: words[3] === 'o' ? 'open' : 'final',
    amounts: decodeAmounts(words, 4),
    ...difference,
    subjects: (fields[3] ?? '').split(' ').flatMap((name): Subject[] => {
      const subject = decodeSubject(name, partition)
      return subject === undefined ? [] : [subject]
    }),
    surface: decodeSurface(words[15]),
    home: Number(words[16]),
    meta: JSON.parse(fields[5] ?? '{}') as ChargeMeta,
    outcome: outcomes.find((known): known is Outcome => known === words[12]) ?? 'unknown',
    unsettled: words[13] === '1',
    onlyIfBooked: words[14] === '1',
  }
}

/** The quota counters in a subject's text (see `scripts/state.lua`). */
export function decodeCounters(state: string): CounterWindow[] {
  return [...state.matchAll(/ q (\S+) (\S+) (\S+)/g)].flatMap(([, key = '', start, end]) => {
    const quantity = bookedQuantities[Number(key.charAt(1)) - 1]
    const window = windowOfLetter(key.charAt(2))
    if (quantity === undefined || window === undefined) return []
    return {
      surface: key.startsWith('a') ? 'any' : decodeSurface(key.charAt(0)),
      quantity,
      window,
      timeZone: decodeURIComponent(key.slice(3)),
      startMs: Number(start),
      endMs: Number(end),
    }
  })
}

function decodeSurface(letter: string | undefined): Surface {
  return letter === 'g' ? 'gpu' : 'pypi'
}

function decodeAmounts(words: readonly string[], from: number): Amounts {
  const [requests = 0, credits = 0, bytes = 0, gpu_ms = 0] = words.slice(from, from + 4).map(Number)
  return { requests, credits, bytes, gpu_ms }
}
