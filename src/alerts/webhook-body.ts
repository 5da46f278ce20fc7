import type { AlertEvent } from '../core/alert-event.ts'
import { utcTime } from '../core/calendar-text.ts'
import { wholeAmount } from '../core/shown-amount.ts'
import { usedPercent } from './event-facts.ts'
import { limitNameOf } from './limit-name.ts'

/** What machines read of one event. The keys are always all there; null where there is nothing to say. */
export interface WebhookBody {
  readonly type: string
  readonly id: string
  /** When it was found, RFC 3339 in UTC. */
  readonly timestamp: string
  readonly level: string
  /** The account it concerns. */
  readonly user: string | null
  /** Whole credits, or whole units of what else the limit counts; rounded up, as `/quota/status` rounds. */
  readonly used_tokens: number | null
  readonly total_quota: number | null
  /** Of a level the one that was reached; else how much of the limit is used, rounded down. */
  readonly percent: number | null
  readonly limit: string | null
  readonly project: string | null
  readonly department: string | null
  readonly window_start: string | null
  /** When the limit starts anew; without one the instant it is about. */
  readonly reset_at: string | null
  readonly url: string | null
  /** What else the type has to say. */
  readonly data: Readonly<Record<string, unknown>>
}

/** The documented body of the generic webhook for one event; see docs/guides/alerts.md. */
export function webhookBody(event: AlertEvent, url: string | undefined): WebhookBody {
  const { limit } = event
  return {
    type: event.type,
    id: event.id,
    timestamp: utcTime(event.atMs),
    level: event.level,
    user: event.account ?? null,
    used_tokens: limit === undefined ? null : wholeAmount(limit.counts, limit.used),
    total_quota: limit === undefined ? null : wholeAmount(limit.counts, limit.amount),
    percent: event.percent ?? (limit === undefined ? null : usedPercent(limit)),
    limit: limitNameOf(event) ?? null,
    project: event.project ?? null,
    department: event.department ?? null,
    window_start: limit === undefined ? null : utcTime(limit.startMs),
    reset_at: timeOf(limit?.endMs ?? event.aboutMs),
    url: url ?? null,
    data: { ...event.data, ...(limit && limitData(limit)) },
  }
}

const levels = ['info', 'warning', 'critical', 'exhausted']

/** Several events in one body: what they have in common at the top, each whole under `data.events`. */
export function digestBody(bodies: readonly WebhookBody[], url: string | undefined): WebhookBody | undefined {
  const [first] = bodies
  if (first === undefined) return undefined
  const common = (field: 'user' | 'project' | 'department' | 'limit'): string | null =>
    bodies.every((body) => body[field] === first[field]) ? first[field] : null
  return {
    type: 'digest',
    id: first.id,
    timestamp: bodies.at(-1)?.timestamp ?? first.timestamp,
    level: levels.findLast((level) => bodies.some((body) => body.level === level)) ?? first.level,
    user: common('user'),
    used_tokens: null,
    total_quota: null,
    percent: null,
    limit: common('limit'),
    project: common('project'),
    department: common('department'),
    window_start: null,
    reset_at: null,
    url: url ?? null,
    data: { events: bodies },
  }
}

function limitData({ subject, surface, counts, window, timeZone }: NonNullable<AlertEvent['limit']>) {
  return { subject_kind: subject.kind, subject_id: subject.id, surface, counts, window, time_zone: timeZone }
}

function timeOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : utcTime(atMs)
}
