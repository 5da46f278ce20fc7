import type { CounterWindow } from '../core/charge.ts'
import type { Line } from '../core/limit.ts'
import { type Subject, subjectName } from '../core/subject.ts'
import type { Seeder } from './ports.ts'

interface ColdLines {
  readonly lines: readonly Line[]
  /** Indexes of the cold ones. */
  readonly cold: readonly number[]
  readonly notAfterMs: number
}

/** Seeds every subject of a cold line with the counters that these lines keep on it; true when all succeeded. */
export async function seedCold({ lines, cold, notAfterMs }: ColdLines, seed: Seeder): Promise<boolean> {
  const subjects = new Map<string, Subject>()
  for (const index of cold) {
    const line = lines[index]
    if (line) subjects.set(subjectName(line.subject), line.subject)
  }
  const results = await Promise.all(
    [...subjects.values()].map((subject) => seed(subject, countersOf(subject, lines), { notAfterMs })),
  )
  return results.every(Boolean)
}

/** The distinct quota counters that these lines keep on a subject, in the window of now. */
function countersOf(subject: Subject, lines: readonly Line[]): readonly CounterWindow[] {
  const counters = new Map<string, CounterWindow>()
  for (const line of lines) {
    if (line.kind !== 'quota' || subjectName(line.subject) !== subjectName(subject)) continue
    const { surface, quantity, window, timeZone, current } = line
    counters.set([surface, quantity, window, timeZone].join(' '), { surface, quantity, window, timeZone, ...current })
  }
  return [...counters.values()]
}
