import type { LocalStore } from '../check/ports.ts'
import type { CounterWindow } from '../core/charge.ts'
import type { Line } from '../core/limit.ts'
import type { SpendAnswer, SpendRequest } from '../core/spend.ts'
import { type Subject, subjectName } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createMemorySpendStore } from './spend-store.ts'

/** What an outage may cost in memory: below 100 MB, and that only when this many requests a minute come through. */
const recordsMax = 50_000
const subjectsMax = 50_000
/** Nobody reads the stream of these counters. */
const chargesMax = 1_000
/** A reservation whose end is not heard of by then stays counted and is forgotten. */
const expiresInMs = 60_000
const sweepEveryMs = 1_000
const sweepMax = 2_000

/** Counters of this process alone: the in-process store, small, told by no ledger, where every quota begins at 0. */
export function createLocalStore({
  nowMs,
  observer,
}: {
  readonly nowMs: () => number
  readonly observer: Observer
}): LocalStore {
  const bounds = { recordsMax, subjectsMax, chargesMax, areBooked: false }
  const inner = createMemorySpendStore({ nowMs, randomText: () => 'local', observer, ...bounds })
  let sweptAtMs = nowMs()

  async function begin(subject: Subject, counters: readonly CounterWindow[]): Promise<void> {
    const { partition } = subject
    const { epoch, position } = await inner.charges({ partition, checkpoint: undefined, countMax: 0 })
    const checkpoint = { partition, epoch, position }
    await inner.seed({ subject, checkpoint, counters: counters.map((counter) => ({ ...counter, used: 0 })) })
  }

  async function beginCold({ lines }: SpendRequest, cold: readonly number[]): Promise<void> {
    const bySubject = Map.groupBy(
      cold.flatMap((index) => lines[index] ?? []),
      ({ subject }) => subjectName(subject),
    )
    for (const found of bySubject.values()) {
      const subject = found[0]?.subject
      if (subject !== undefined) await begin(subject, found.flatMap(counterOf))
    }
  }

  async function sweep(): Promise<void> {
    if (nowMs() - sweptAtMs < sweepEveryMs) return
    sweptAtMs = nowMs()
    await inner.expire({ countMax: sweepMax, notAfterMs: sweptAtMs, brokeAtMs: Number.POSITIVE_INFINITY })
  }

  return {
    async spend(asked): Promise<SpendAnswer> {
      await sweep()
      const request = { ...asked, expiresInMs }
      const answer = await inner.spend({ ...request, cold: 'ask' })
      if (answer.kind !== 'cold') return answer
      await beginCold(request, answer.lines)
      return inner.spend({ ...request, cold: 'pass' })
    },
    report: async (report) => void (await inner.report(report)),
  }
}

function counterOf(line: Line): readonly CounterWindow[] {
  if (line.kind !== 'quota') return []
  const { surface, quantity, window, timeZone, current } = line
  return [{ surface, quantity, window, timeZone, ...current }]
}
