import { z } from 'zod'
import { alertTypes } from '../core/alert-event.ts'
import { channelKindWords, type ListedChannel } from '../manage/channel-ports.ts'
import { shownTimeOrNull, slug, time } from './fields.ts'

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

export function shownChannel(one: ListedChannel): z.output<typeof channelSchema> {
  const { id, kind, owner, targetHint, hasSecret, language, types, percentMin, isPrivateTarget, note, state } = one
  return {
    ...{ id, kind, owner, target: targetHint, has_secret: hasSecret, language, note, state },
    ...{ percent_min: percentMin, private_target: isPrivateTarget, time_zone: one.timeZone ?? null },
    types: types === undefined ? null : [...types],
    stopped_at: shownTimeOrNull(one.stoppedAtMs),
    stopped_why: one.stoppedWhy ?? null,
    last_sent_at: shownTimeOrNull(one.lastSentAtMs),
    last_error: one.lastError ?? null,
    last_error_at: shownTimeOrNull(one.lastErrorAtMs),
  }
}
