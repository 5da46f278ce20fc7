import type { Line } from './limit.ts'
import type { SpendRequest } from './spend.ts'
import type { Subject } from './subject.ts'

/** Which subjects and partitions one spend touches, and which subject each line counts for. */
export interface SpendPlan {
  readonly subjects: readonly Subject[]
  /** Ascending, each once; the home partition always among them. */
  readonly partitions: readonly number[]
  /** Index into `subjects`, one per line. */
  readonly lineSubjects: readonly number[]
}

/** Gathers the subjects of a request and of its lines, each once. */
export function planSpend(request: {
  readonly lines: readonly Line[]
  readonly subjects: readonly Subject[]
  readonly home?: number
}): SpendPlan {
  const subjects: Subject[] = []
  for (const subject of request.subjects) indexOf(subjects, subject)
  const lineSubjects = request.lines.map((line) => indexOf(subjects, line.subject))
  const partitions: number[] = request.home === undefined ? [] : [request.home]
  for (const { partition } of subjects) if (!partitions.includes(partition)) partitions.push(partition)
  if (partitions.length > 1) partitions.sort((left, right) => left - right)
  return { subjects, partitions, lineSubjects }
}

/** What of a spend lies in one partition, for stores that cannot take several at once. */
export interface PartOfSpend {
  readonly request: SpendRequest
  readonly plan: SpendPlan
  /** Index into the whole request's lines, one per line of the part. */
  readonly lines: readonly number[]
}

/** Cuts out one partition's part; it leaves a record there even where no subject of the request lives. */
export function partOfSpend(request: SpendRequest, partition: number): PartOfSpend {
  const lines = request.lines.flatMap((line, index) => (line.subject.partition === partition ? [index] : []))
  const part = {
    ...request,
    isPart: true as const,
    lines: request.lines.filter(({ subject }) => subject.partition === partition),
    subjects: request.subjects.filter((subject) => subject.partition === partition),
  }
  return { request: part, lines, plan: planSpend({ ...part, home: partition }) }
}

function indexOf(subjects: Subject[], subject: Subject): number {
  for (let index = 0; index < subjects.length; index += 1) {
    const other = subjects[index]
    if (other === subject || (other?.id === subject.id && other.kind === subject.kind)) return index
  }
  return subjects.push(subject) - 1
}
