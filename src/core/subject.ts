export type Surface = 'pypi' | 'gpu'

export const subjectKinds = ['account', 'project', 'department', 'token', 'address', 'everyone'] as const
export type SubjectKind = (typeof subjectKinds)[number]

/** Who a counter belongs to. `partition` is 0 … 255 and never changes for a subject (it is stored in the subject's own row, or hashed). */
export interface Subject {
  readonly kind: SubjectKind
  readonly id: string
  readonly partition: number
}

export const partitionCount = 256

/** Identifies a subject in maps and store keys: `account:alice`. */
export function subjectName(subject: Subject): string {
  return `${subject.kind}:${subject.id}`
}

/** Partition of a subject that has no row (an address, everyone): FNV-1a of its name, folded to 0 … 255. */
export function hashedPartition(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff
}

/** A partition and the epoch in which it took something. */
export interface PartitionEpoch {
  readonly partition: number
  readonly epoch: string
}
