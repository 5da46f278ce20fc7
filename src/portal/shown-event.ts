import { z } from 'zod'
import { type AlertEvent, alertTypes } from '../core/alert-event.ts'
import { shownNumber, unitWord } from '../core/shown-amount.ts'
import type { ListedDelivery } from '../manage/channel-ports.ts'
import { shownTime, shownTimeOrNull, slug, time } from './fields.ts'

export const eventSchema = z.strictObject({
  id: z.string(),
  type: z.enum(alertTypes),
  level: z.enum(['info', 'warning', 'critical', 'exhausted']),
  at: time,
  account: z.string().nullable(),
  project: z.string().nullable(),
  department: z.string().nullable(),
  percent: z.number().nullable(),
  about: time.nullable().describe('The instant it is about, such as the end of a token.'),
  limit: z
    .strictObject({
      name: z.string(),
      subject: z.string(),
      counts: z.string(),
      used: z.number(),
      amount: z.number(),
      window_start: time,
      reset_at: time,
      time_zone: z.string(),
    })
    .nullable(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})

export const deliverySchema = z.strictObject({
  id: z.string(),
  channel: slug,
  event: z.string(),
  type: z.enum(alertTypes),
  level: z.string(),
  account: z.string().nullable(),
  project: z.string().nullable(),
  state: z.enum(['pending', 'sending', 'sent', 'failed', 'resent']),
  attempts: z.number(),
  created_at: time,
  next_at: time.nullable(),
  sent_at: time.nullable(),
  sent_with: z.string().nullable(),
  error: z.string().nullable(),
})

export function shownEvent(one: AlertEvent): z.output<typeof eventSchema> {
  const { id, type, level, atMs, account = null, project = null, department = null, percent = null, data = {} } = one
  return {
    ...{ id, type, level, at: shownTime(atMs), account, project, department, percent, data },
    about: shownTimeOrNull(one.aboutMs),
    limit: one.limit ? shownLimit(one.limit) : null,
  }
}

function shownLimit(limit: NonNullable<AlertEvent['limit']>): z.output<typeof eventSchema>['limit'] {
  const { name, subject, counts, used, amount, startMs, endMs, timeZone } = limit
  return {
    ...{ name, subject: `${subject.kind} ${subject.id}`, counts: unitWord(counts), time_zone: timeZone },
    ...{ used: shownNumber(counts, used), amount: shownNumber(counts, amount) },
    ...{ window_start: shownTime(startMs), reset_at: shownTime(endMs) },
  }
}

export function shownDelivery(one: ListedDelivery): z.output<typeof deliverySchema> {
  const { id, channel, event, state, attempts, createdAtMs } = one
  return {
    ...{ id, channel, event: event.id, type: event.type, level: event.level, state, attempts },
    ...{ account: event.account ?? null, project: event.project ?? null, created_at: shownTime(createdAtMs) },
    ...{ next_at: shownTimeOrNull(one.nextAtMs), sent_at: shownTimeOrNull(one.sentAtMs) },
    ...{ sent_with: one.sentWith ?? null, error: one.error ?? null },
  }
}
