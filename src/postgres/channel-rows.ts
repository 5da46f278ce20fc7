import type { AlertType } from '../core/alert-event.ts'
import { targetHintOf } from '../core/target-hint.ts'
import type { ChannelOwner, ChannelRow, KeptChannel, ListedChannel, ListedDelivery } from '../manage/channel-ports.ts'
import type { AlertEventRow } from './alert-event-row.ts'

/** `alert_channel` with `alert_channel_state`. */
export interface ChannelDatabaseRow {
  readonly id: string
  readonly kind: ListedChannel['kind']
  readonly account: string | null
  readonly project: string | null
  readonly department: string | null
  readonly target: string
  readonly target_hint: string | null
  readonly secret: string | null
  readonly language: ListedChannel['language']
  readonly time_zone: string | null
  readonly types: readonly AlertType[] | null
  readonly percent_min: number
  readonly private_target: boolean
  readonly disabled: boolean
  readonly note: string
  readonly set_by_another: boolean
  readonly stopped_at: Date | null
  readonly stopped_why: string | null
  readonly last_sent_at: Date | null
  readonly last_error: string | null
  readonly last_error_at: Date | null
}

/** `alert_delivery` with what people are told of its event. */
export interface DeliveryDatabaseRow
  extends Pick<AlertEventRow, 'type' | 'level' | 'at' | 'account' | 'project' | 'percent'> {
  readonly id: string
  readonly event: string
  readonly channel: string
  readonly state: ListedDelivery['state']
  readonly attempts: number
  readonly created_at: Date
  readonly next_at: Date
  readonly sent_at: Date | null
  readonly sent_with: string | null
  readonly error: string | null
}

export function keptChannel(row: ChannelDatabaseRow): KeptChannel {
  return {
    ...common(row),
    target: row.target,
    ...(row.target_hint !== null && { targetHint: row.target_hint }),
    ...(row.secret !== null && { secret: row.secret }),
    isDisabled: row.disabled,
    isSetByAnother: row.set_by_another,
  }
}

export function listedChannel(row: ChannelDatabaseRow): ListedChannel {
  return {
    ...common(row),
    targetHint: row.target_hint ?? targetHintOf(row.kind, row.target),
    hasSecret: row.secret !== null,
    state: row.disabled ? 'disabled' : row.stopped_at === null ? 'on' : 'stopped',
    ...(row.stopped_at !== null && { stoppedAtMs: row.stopped_at.getTime() }),
    ...(row.stopped_at !== null && row.stopped_why !== null && { stoppedWhy: row.stopped_why }),
    ...(row.last_sent_at !== null && { lastSentAtMs: row.last_sent_at.getTime() }),
    ...(row.last_error !== null && { lastError: row.last_error }),
    ...(row.last_error_at !== null && { lastErrorAtMs: row.last_error_at.getTime() }),
  }
}

export function listedDelivery(row: DeliveryDatabaseRow): ListedDelivery {
  const waits = row.state === 'pending' || row.state === 'sending'
  return {
    id: row.id,
    channel: row.channel,
    event: {
      id: row.event,
      type: row.type,
      level: row.level ?? 'info',
      atMs: row.at.getTime(),
      ...(row.account !== null && { account: row.account }),
      ...(row.project !== null && { project: row.project }),
      ...(row.percent !== null && { percent: row.percent }),
    },
    state: row.state,
    attempts: row.attempts,
    createdAtMs: row.created_at.getTime(),
    ...(waits && { nextAtMs: row.next_at.getTime() }),
    ...(row.sent_at !== null && { sentAtMs: row.sent_at.getTime() }),
    ...(row.sent_with !== null && { sentWith: row.sent_with }),
    ...(row.error !== null && { error: row.error }),
  }
}

/** Fields as the columns, for `channel-add.sql` and `channel-change.sql`. */
export function channelColumns({ owner, ...row }: ChannelRow): string {
  return JSON.stringify({
    ...row,
    ...(owner.kind !== 'installation' && { [owner.kind]: owner.id }),
    target_hint: row.targetHint,
    time_zone: row.timeZone,
    percent_min: row.percentMin,
    private_target: row.isPrivateTarget,
    disabled: row.isDisabled,
    set_by_another: row.isSetByAnother,
  })
}

function common(row: ChannelDatabaseRow) {
  return {
    id: row.id,
    kind: row.kind,
    owner: ownerOf(row),
    language: row.language,
    ...(row.time_zone !== null && { timeZone: row.time_zone }),
    ...(row.types !== null && { types: row.types }),
    percentMin: row.percent_min,
    isPrivateTarget: row.private_target,
    note: row.note,
  }
}

function ownerOf({ account, project, department }: ChannelDatabaseRow): ChannelOwner {
  if (account !== null) return { kind: 'account', id: account }
  if (project !== null) return { kind: 'project', id: project }
  return department === null ? { kind: 'installation' } : { kind: 'department', id: department }
}
