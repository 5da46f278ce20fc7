import type { CounterWindow } from '../core/charge.ts'
import { type Subject, subjectName } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import { type SeedParts, seedOnce } from './seed-once.ts'

/** Resolves true once the subject's counters are seeded, false when that was not possible before `notAfterMs` (store's clock). Never throws. */
export type SeedSubject = (
  subject: Subject,
  counters: readonly CounterWindow[],
  deadline: { readonly notAfterMs: number },
) => Promise<boolean>

export interface SeederOptions extends SeedParts {
  /** The store's clock. */
  readonly nowMs: () => number
  readonly observer: Observer
  /** Subjects being seeded at one time; above that the answer is false at once. */
  readonly inFlightMax: number
}

interface Flight {
  readonly counters: string
  readonly seeded: Promise<boolean>
}

const attemptsMax = 5
const pauseMs = 5

/**
 * Brings cold counters up from the ledger. One seed per subject at a time: a second caller for the same counters shares it, one for others
 * waits for its turn, which is for PostgreSQL's sake only. A seed goes on when its caller's time is over; the next request finds it warm.
 */
export function createSeeder(options: SeederOptions): SeedSubject {
  const flights = new Map<string, Flight>()

  function take(subject: Subject, counters: readonly CounterWindow[]): Promise<boolean> {
    const name = `${subject.partition}:${subjectName(subject)}`
    const wanted = JSON.stringify(counters)
    const flying = flights.get(name)
    if (flying?.counters === wanted) return flying.seeded
    if (flying === undefined && flights.size >= options.inFlightMax) return shed(options)
    const seeded = (flying?.seeded ?? Promise.resolve(true)).then(() => attempt(options, { subject, counters }))
    const flight = { counters: wanted, seeded }
    flights.set(name, flight)
    void seeded.then(() => {
      if (flights.get(name) === flight) flights.delete(name)
    })
    return seeded
  }

  return async (subject, counters, { notAfterMs }) => {
    const leftMs = notAfterMs - options.nowMs()
    if (leftMs <= 0) return false
    return beforeTimeIsUp(options, take(subject, counters), leftMs)
  }
}

/** Seeds until it works, at most so often: `behind` goes away as soon as some ledger has drained the partition. */
async function attempt(
  options: SeederOptions,
  asked: { readonly subject: Subject; readonly counters: readonly CounterWindow[] },
): Promise<boolean> {
  try {
    for (let tries = 0; tries < attemptsMax; tries += 1) {
      if ((await seedOnce(options, asked)) === 'seeded') return told(options, 'seeded')
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** tries))
    }
    return told(options, 'behind')
  } catch (error) {
    options.observer.warn('seed_failed', {
      subject: subjectName(asked.subject),
      error,
    })
    return told(options, 'failed')
  }
}

function told({ observer }: SeederOptions, result: 'seeded' | 'behind' | 'failed' | 'late' | 'shed'): boolean {
  observer.count('seeds_total', { reason: 'cold', result })
  return result === 'seeded'
}

function shed(options: SeederOptions): Promise<boolean> {
  return Promise.resolve(told(options, 'shed'))
}

async function beforeTimeIsUp(options: SeederOptions, seeded: Promise<boolean>, leftMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(told(options, 'late')), leftMs)
  })
  const answer = await Promise.race([seeded, late])
  clearTimeout(timer)
  return answer
}
