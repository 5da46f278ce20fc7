import type { Line } from './limit.ts'
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
  const partitions = new Set(subjects.map((subject) => subject.partition))
  if (request.home !== undefined) partitions.add(request.home)
  return { subjects, partitions: [...partitions].sort((left, right) => left - right), lineSubjects }
}

function indexOf(subjects: Subject[], subject: Subject): number {
  const index = subjects.findIndex((other) => other.id === subject.id && other.kind === subject.kind)
  return index === -1 ? subjects.push(subject) - 1 : index
}
