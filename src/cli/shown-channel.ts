import { limitNameOf } from '../alerts/limit-name.ts'
import type { AlertEvent } from '../core/alert-event.ts'
import type { ChannelOwner, ListedChannel, ListedDelivery } from '../manage/channel-ports.ts'
import type { Page } from '../manage/ports.ts'
import { isoTime, type Result, shownTime } from './output.ts'
import { textList, textTable } from './table.ts'

/** A page of channels. */
export function shownChannels({ rows, next }: Page<ListedChannel>): Result {
  const table = rows.map((channel) => ({
    id: channel.id,
    kind: channel.kind,
    for: ownerText(channel.owner),
    target: channel.targetHint,
    state: channel.state,
    'last sent': shownTime(channel.lastSentAtMs),
    'last trouble': channel.stoppedWhy ?? channel.lastError,
  }))
  const text = `${textTable(table, 'There is no channel')}${more(next)}`
  return { text, json: { channels: rows.map(channelJson), ...(next !== undefined && { next }) } }
}

/** One channel as it is now, and its secret when it was made just now. */
export function shownChannel(channel: ListedChannel, { secret }: { readonly secret?: string } = {}): Result {
  const list = textList({
    channel: channel.id,
    kind: channel.kind,
    for: ownerText(channel.owner),
    target: channel.targetHint,
    state: channel.state,
    'stopped because': channel.stoppedWhy,
    language: channel.language,
    'time zone': channel.timeZone,
    types: channel.types?.join(', '),
    'from percent': channel.percentMin === 0 ? undefined : channel.percentMin,
    secret: secret ?? (channel.hasSecret ? 'kept' : undefined),
    note: channel.note === '' ? undefined : channel.note,
  })
  const warning = secret === undefined ? '' : 'Keep the secret now: it is not shown again.\n'
  return { text: `${list}${warning}`, json: { ...channelJson(channel), ...(secret !== undefined && { secret }) } }
}

/** A page of deliveries. */
export function shownDeliveries({ rows, next }: Page<ListedDelivery>): Result {
  const table = rows.map((delivery) => ({
    id: delivery.id,
    channel: delivery.channel,
    event: delivery.event.id,
    type: delivery.event.type,
    state: delivery.state,
    attempts: delivery.attempts,
    written: shownTime(delivery.createdAtMs),
    sent: shownTime(delivery.sentAtMs),
    error: delivery.error,
  }))
  const text = `${textTable(table, 'There is no delivery')}${more(next)}`
  return { text, json: { deliveries: rows.map(deliveryJson), ...(next !== undefined && { next }) } }
}

/** A page of events. */
export function shownEvents({ rows, next }: Page<AlertEvent>): Result {
  const table = rows.map((event) => ({
    at: shownTime(event.atMs),
    type: event.type,
    level: event.level,
    percent: event.percent,
    limit: limitNameOf(event),
    account: event.account,
    project: event.project,
    department: event.department,
    id: event.id,
  }))
  const text = `${textTable(table, 'Nobody was told of anything')}${more(next)}`
  return { text, json: { events: rows.map(eventJson), ...(next !== undefined && { next }) } }
}

/** The fields of a delivery under their names in SQL. */
export function deliveryJson(delivery: ListedDelivery) {
  const { createdAtMs, nextAtMs, sentAtMs, sentWith, event, ...rest } = delivery
  const { atMs, ...told } = event
  return {
    ...rest,
    event: { ...told, at: isoTime(atMs) },
    created_at: isoTime(createdAtMs),
    next_at: isoTime(nextAtMs),
    sent_at: isoTime(sentAtMs),
    sent_with: sentWith,
  }
}

function channelJson(channel: ListedChannel) {
  return {
    id: channel.id,
    kind: channel.kind,
    for: channel.owner,
    target: channel.targetHint,
    has_secret: channel.hasSecret,
    language: channel.language,
    time_zone: channel.timeZone,
    types: channel.types,
    percent_min: channel.percentMin,
    private_target: channel.isPrivateTarget,
    note: channel.note,
    state: channel.state,
    stopped_at: isoTime(channel.stoppedAtMs),
    stopped_why: channel.stoppedWhy,
    last_sent_at: isoTime(channel.lastSentAtMs),
    last_error: channel.lastError,
    last_error_at: isoTime(channel.lastErrorAtMs),
  }
}

function eventJson(told: AlertEvent) {
  const { atMs, aboutMs, limit, onlyChannel, key, ...event } = told
  return {
    ...event,
    limit: limitNameOf(told),
    at: isoTime(atMs),
    about: isoTime(aboutMs),
    ...(limit && {
      subject: limit.subject,
      used_percent: limit.amount > 0 ? Math.floor((limit.used / limit.amount) * 100) : undefined,
      window_start: isoTime(limit.startMs),
      reset_at: isoTime(limit.endMs),
    }),
  }
}

function ownerText(owner: ChannelOwner): string {
  return owner.kind === 'installation' ? 'everything' : `${owner.kind} ${owner.id}`
}

function more(next: string | undefined): string {
  return next === undefined ? '' : `More: --after ${next}\n`
}
