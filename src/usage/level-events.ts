import type { AlertedLimit, NewAlertEvent } from '../core/alert-event.ts'
import { levelKey, levelWord } from '../core/alert-levels.ts'
import type { BookedCounter, StandingLevel } from './ports.ts'
import type { WatchedLimit } from './watched-limits.ts'

/** A limit in one window, with what was used of it. */
export interface LimitUse {
  readonly watched: WatchedLimit
  readonly counter: BookedCounter
}

/** The events of levels that were just reached: `told`, and those that a jump passed. */
export function levelEvents(
  use: LimitUse,
  { told, skipped }: { readonly told?: number; readonly skipped: readonly number[] },
): readonly NewAlertEvent[] {
  const of = (percent: number): NewAlertEvent => ({
    ...concerning(use),
    key: levelKey({
      subject: use.counter.subject,
      limit: use.watched.limit.name,
      startMs: use.counter.startMs,
      percent,
    }),
    type: 'level',
    level: levelWord(percent),
    percent,
  })
  return [
    ...(told === undefined ? [] : [of(told)]),
    ...skipped.map((percent) => ({ ...of(percent), skipped: true as const })),
  ]
}

/** Told once in a window: when the limit runs out at its pace. By its row, so that a limit that is renamed is not told of again. */
export function forecastEvent(use: LimitUse, runsOutAtMs: number): NewAlertEvent {
  const { counter, watched } = use
  const subject = `${counter.subject.kind}:${counter.subject.id}`
  return {
    ...concerning(use),
    key: `forecast ${subject} ${watched.limit.id} ${counter.startMs}`,
    type: 'forecast',
    level: 'warning',
    aboutMs: runsOutAtMs,
    data: { runsOutAtMs },
  }
}

/** Levels that stand no longer because the limit was raised. The key is the highest one's, so that each is told of once. */
export function recoveredEvent(use: LimitUse, ended: readonly StandingLevel[]): NewAlertEvent | undefined {
  const highest = ended.toSorted((left, right) => left.percent - right.percent).at(-1)
  return (
    highest && {
      ...concerning(use),
      key: `recovered ${highest.id}`,
      type: 'recovered',
      level: 'info',
      percent: highest.percent,
      // So that what keeps alerts by level can end exactly these.
      data: { percents: ended.map(({ percent }) => percent).join() },
    }
  )
}

function concerning({ watched, counter }: LimitUse): Pick<NewAlertEvent, 'account' | 'project' | 'department'> & {
  readonly limit: AlertedLimit
} {
  return { ...watched.concerns, limit: alertedLimit({ watched, counter }) }
}

function alertedLimit({ watched, counter }: LimitUse): AlertedLimit {
  return {
    name: watched.limit.name,
    rule: watched.limit.id,
    subject: { kind: counter.subject.kind, id: counter.subject.id },
    surface: counter.surface,
    counts: counter.quantity,
    window: counter.window,
    timeZone: counter.timeZone,
    startMs: counter.startMs,
    endMs: counter.endMs,
    used: counter.used,
    amount: watched.limit.amount,
  }
}
