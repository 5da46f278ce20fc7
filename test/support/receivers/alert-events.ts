import type { Channel, ChannelKind } from '../../../src/alerts/ports.ts'
import type { AlertEvent } from '../../../src/core/alert-event.ts'

/** Alice at 80 % of her daily credits. */
export function levelEvent(changed: Partial<AlertEvent> = {}): AlertEvent {
  return {
    id: 'evt_1',
    key: 'level/alice/daily/80',
    atMs: Date.UTC(2026, 10, 22, 9, 30),
    type: 'level',
    level: 'warning',
    percent: 80,
    account: 'alice',
    project: 'vision',
    department: 'research',
    limit: {
      name: 'daily',
      subject: { kind: 'account', id: 'alice' },
      surface: 'pypi',
      counts: 'credits',
      window: 'day',
      timeZone: 'Asia/Shanghai',
      startMs: Date.UTC(2026, 10, 21, 16),
      endMs: Date.UTC(2026, 10, 22, 16),
      used: 800_500,
      amount: 1_000_000,
    },
    ...changed,
  }
}

/** A channel to a local server. */
export function localChannel(kind: ChannelKind, target: string, changed: Partial<Channel> = {}): Channel {
  return { id: `to-${kind}`, kind, target, language: 'en', isPrivateTarget: true, ...changed }
}
