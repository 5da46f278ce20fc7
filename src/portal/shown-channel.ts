import { z } from 'zod'
import { type AlertEvent, alertTypes } from '../core/alert-event.ts'
import { shownNumber, unitWord } from '../core/shown-amount.ts'
import { channelKindWords, type ListedChannel, type ListedDelivery } from '../manage/channel-ports.ts'
import { shownTime, slug, time } from './fields.ts'

export const owner = z.union([
  z.strictObject({ kind: z.enum(['account', 'project', 'department']), id: slug }),
  z.strictObject({ kind: z.literal('installation') }),
])

export const channelSchema = z.strictObject({
  id: slug,
  kind: z.enum(channelKindWords),
  owner,
  target: z.string().describe('A hint: host and last letters, or the mailbox. Never all of it.'),
  has_secret: z.boolean(),
  language: z.enum(['en', 'zh']),
  time_zone: z.string().nullable(),
  types: z.array(z.enum(alertTypes)).nullable().describe('null: all.'),
  percent_min: z.number(),
  private_target: z.boolean(),
  note: z.string(),
  state: z.enum(['on', 'disabled', 'stopped']),
  stopped_at: time.nullable(),
  stopped_why: z.string().nullable(),
  last_sent_at: time.nullable(),
  last_error: z.string().nullable(),
  last_error_at: time.nullable(),
})

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

export function shownChannel(one: ListedChannel): z.output<typeof channelSchema> {
  const { id, kind, owner, targetHint, hasSecret, language, types, percentMin, isPrivateTarget, note, state } = one
  return {
    ...{ id, kind, owner, target: targetHint, has_secret: hasSecret, language, note, state },
    ...{ percent_min: percentMin, private_target: isPrivateTarget, time_zone: one.timeZone ?? null },
    types: types === undefined ? null : [...types],
    stopped_at: timeOrNull(one.stoppedAtMs),
    stopped_why: one.stoppedWhy ?? null,
    last_sent_at: timeOrNull(one.lastSentAtMs),
    last_error: one.lastError ?? null,
    last_error_at: timeOrNull(one.lastErrorAtMs),
  }
}

export function shownEvent(one: AlertEvent): z.output<typeof eventSchema> {
  const { id, type, level, atMs, account = null, project = null, department = null, percent = null, data = {} } = one
  return {
    ...{ id, type, level, at: shownTime(atMs), account, project, department, percent, data },
    about: timeOrNull(one.aboutMs),
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
    ...{ next_at: timeOrNull(one.nextAtMs), sent_at: timeOrNull(one.sentAtMs) },
    ...{ sent_with: one.sentWith ?? null, error: one.error ?? null },
  }
}

function timeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : shownTime(atMs)
}
