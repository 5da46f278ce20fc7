import { counterKey, quotaKey } from '../core/counter-key.ts'
import { partitionCount, type Subject, type SubjectKind, subjectKinds } from '../core/subject.ts'

/** The keys of one partition; the braces keep them in one cluster slot. */
export interface PartitionKeys {
  readonly epoch: string
  readonly pending: string
  readonly charges: string
  readonly stale: string
  readonly recordPrefix: string
  readonly subjectPrefix: string
  /** Which processes serve; only partition 0's is used. */
  readonly roll: string
  readonly hints: string
  /** Begins the keys of what descriptors count. */
  readonly hitPrefix: string
}

/** Keys of all partitions, by partition number. `prefix` names the data format, not the release: `tg1:`. */
export function createKeys(prefix: string): readonly PartitionKeys[] {
  return Array.from({ length: partitionCount }, (_, partition) => {
    const start = `${prefix}{p${String(partition).padStart(3, '0')}}:`
    return {
      epoch: `${start}epoch`,
      pending: `${start}pending`,
      charges: `${start}charges`,
      stale: `${start}stale`,
      recordPrefix: `${start}r:`,
      subjectPrefix: `${start}s:`,
      roll: `${start}roll`,
      hints: `${start}hints`,
      hitPrefix: `${start}h:`,
    }
  })
}

const plain = /^[\w.:/+@-]+$/

/** Text without spaces that scripts can take apart; `decodeWord` turns it back. */
export function encodeWord(text: string): string {
  return plain.test(text) ? text : encodeURIComponent(text.toWellFormed())
}

/** A subject's name in keys and texts. */
export function encodeSubject(subject: Subject): string {
  return `${subject.kind}:${encodeWord(subject.id)}`
}

/** The inverse of `encodeSubject`; undefined for what it never wrote. */
export function decodeSubject(name: string, partition: number): Subject | undefined {
  const colon = name.indexOf(':')
  const kind = subjectKinds.find((known): known is SubjectKind => known === name.slice(0, colon))
  return kind === undefined ? undefined : { kind, id: decodeURIComponent(name.slice(colon + 1)), partition }
}

/** A counter's key inside its subject's text. */
export function encodeCounterKey(counter: Parameters<typeof counterKey>[0] | Parameters<typeof quotaKey>[0]): string {
  return encodeWord('kind' in counter ? counterKey(counter) : quotaKey(counter))
}
