import type { AlertEvent } from '../core/alert-event.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Channel, Message, Sender, SendResult } from './ports.ts'

export interface SendParts {
  /** Words for one channel; may have something to write down first, such as a link that decides. */
  readonly compose: (events: readonly AlertEvent[], channel: Channel) => Message | Promise<Message>
  readonly observer: Observer
  /** One that never goes back: only how long something took counts here. */
  readonly clock: { readonly nowMs: () => number; readonly sleep: (ms: number, signal: AbortSignal) => Promise<void> }
  readonly settings: {
    /** Longer than any sender may take by itself. */
    readonly sendMsMax: number
  }
}

/** Puts events into words and hands them to their target, within `sendMsMax`. Never throws: a defect of ours is tried again too. */
export async function sendOne(
  sender: Sender,
  { channel, events }: { readonly channel: Channel; readonly events: readonly AlertEvent[] },
  { compose, observer, clock, settings }: SendParts,
): Promise<SendResult> {
  const ended = new AbortController()
  const send = async (): Promise<SendResult> => sender.send(channel, await compose(events, channel))
  const late = async (): Promise<SendResult> => {
    await clock.sleep(settings.sendMsMax, ended.signal)
    return { kind: 'again', why: `There was no answer within ${settings.sendMsMax / 1_000} s` }
  }
  try {
    return await Promise.race([send(), late()])
  } catch (error) {
    observer.warn('alert_not_sent', { channel: channel.id, event: events[0]?.id, error })
    return { kind: 'again', why: 'It could not be sent; the log of Tollgate says why' }
  } finally {
    ended.abort()
  }
}
