import type { Observer } from '../telemetry/observer.ts'
import { type AfterSend, afterSend } from './after-send.ts'
import type { Lane } from './lanes.ts'
import type { Channel, ChannelKind, DeliveryEnd, Held, HeldDelivery, Outbox, Sender } from './ports.ts'
import { type SendParts, sendOne } from './send-one.ts'

export interface LaneParts extends Omit<SendParts, 'settings'> {
  readonly outbox: Outbox
  readonly senders: Readonly<Record<ChannelKind, Sender>>
  readonly observer: Observer
  /** In [0, 1). */
  readonly random: () => number
  /** Names this process among the holders. */
  readonly by: string
  readonly settings: SendParts['settings'] & {
    /** Deliveries taken at once. */
    readonly holdCount: number
    /** Events told in one message at most. */
    readonly digestMax: number
    /** Messages on their way to one target at the same time. */
    readonly parallelMax: number
    /** How long what was taken is nobody else's. */
    readonly holdMs: number
    /** After so long a lane gives its place to the next. */
    readonly laneMsMax: number
  }
  readonly isStopping: () => boolean
  /** Aborted when it stops. */
  readonly signal: AbortSignal
}

/** Serves one channel until nothing is due, it fails, or its turn is over. Never throws: what it held falls due again. */
export async function runLane(lane: Lane, parts: LaneParts): Promise<void> {
  const { clock, settings, observer } = parts
  const endsAtMs = clock.nowMs() + settings.laneMsMax
  try {
    while (!parts.isStopping() && clock.nowMs() < endsAtMs) {
      const { perMinuteMax } = parts.senders[lane.kind]
      const held = await parts.outbox.hold(lane.id, {
        by: parts.by,
        countMax: settings.holdCount,
        holdMs: settings.holdMs,
        digestMax: settings.digestMax,
        ...(perMinuteMax !== undefined && { perMinuteMax }),
      })
      if (held === undefined || !(await deliver(lane, held, parts))) return
    }
  } catch (error) {
    observer.count('alert_outbox_failures_total')
    if (!parts.isStopping()) observer.warn('alert_lane_failed', { channel: lane.id, error })
  }
}

/** A message's deliveries, the oldest first. */
type Bundle = readonly [HeldDelivery, ...HeldDelivery[]]

/** Answers whether the channel may go on at once. */
async function deliver(lane: Lane, held: Held, parts: LaneParts): Promise<boolean> {
  const { settings, clock } = parts
  // A message is begun only while it can end within the hold, or another process would send it too.
  const heldAtMs = clock.nowMs()
  const lastBeginMs = heldAtMs + settings.holdMs - 1.5 * settings.sendMsMax
  const waiting = bundlesOf(held)
  const isPaced = parts.senders[held.channel.kind].perMinuteMax !== undefined
  const parallelMax = held.failures > 0 || isPaced ? 1 : settings.parallelMax
  let mayGoOn = true
  while (waiting.length > 0 && mayGoOn && !parts.isStopping() && clock.nowMs() < lastBeginMs) {
    mayGoOn = await sendSome(lane, { bundles: waiting.splice(0, parallelMax), held, heldAtMs }, parts)
  }
  const left = waiting.flat().map(({ id }) => id)
  if (left.length > 0) await parts.outbox.end(left, { kind: 'again', inMs: 0, isAttempt: false }, parts.by)
  return mayGoOn
}

function bundlesOf({ deliveries, isDigest }: Held): Bundle[] {
  const [first, ...rest] = deliveries
  if (first === undefined) return []
  return isDigest ? [[first, ...rest]] : deliveries.map((delivery): Bundle => [delivery])
}

interface Sent {
  readonly bundle: Bundle
  readonly after: AfterSend
}

async function sendSome(
  lane: Lane,
  { bundles, held, heldAtMs }: { readonly bundles: readonly Bundle[]; readonly held: Held; readonly heldAtMs: number },
  parts: LaneParts,
): Promise<boolean> {
  lane.sending()
  const all = await Promise.all(
    bundles.map(async (bundle): Promise<Sent> => {
      const channel = channelFor(held.channel, bundle)
      const message = { channel, events: bundle.map(({ event }) => event) }
      const result = await sendOne(parts.senders[channel.kind], message, parts)
      parts.observer.count('alert_messages_total', { kind: channel.kind, result: result.kind })
      const tried = {
        attempts: Math.max(...bundle.map(({ attempts }) => attempts)),
        ageMs: Math.max(...bundle.map(({ ageMs }) => ageMs)),
        failures: held.failures,
      }
      return { bundle, after: afterSend(result, tried, parts.random) }
    }),
  )
  lane.answered()
  await settle(lane.id, all, parts)
  tell(held.channel, { all, sinceMs: parts.clock.nowMs() - heldAtMs }, parts)
  return all.every(({ after }) => after.rest === undefined && after.stopWhy === undefined)
}

/** First what keeps others from trying, then what became of each. */
async function settle(channel: string, all: readonly Sent[], parts: LaneParts): Promise<void> {
  const { outbox, by } = parts
  const stopWhy = all.find(({ after }) => after.stopWhy !== undefined)?.after.stopWhy
  const rest = all.find(({ after }) => after.rest !== undefined)?.after.rest
  if (stopWhy !== undefined) await insist(() => outbox.stopChannel(channel, stopWhy), parts)
  if (rest !== undefined) await insist(() => outbox.rest(channel, rest), parts)
  const alone = all.filter(({ bundle, after }) => after.end.kind === 'sent' && bundle.length === 1)
  const sent = alone.map(({ bundle }) => bundle[0].id)
  if (sent.length > 0) await insist(() => outbox.end(sent, { kind: 'sent' }, by), parts)
  for (const { bundle, after } of all.filter((one) => !alone.includes(one))) {
    const ids = bundle.map(({ id }) => id)
    const end: DeliveryEnd = after.end.kind === 'sent' ? { kind: 'sent', sentWith: bundle[0].id } : after.end
    await insist(() => outbox.end(ids, end, by), parts)
  }
}

const insistFirstMs = 100
const insistLongestMs = 5_000
/** Longer than a restart of PostgreSQL takes. */
const insistMsMax = 600_000

/** What the outside has done already is written as soon as the database takes it, so that nobody does it twice. */
async function insist(write: () => Promise<void>, { clock, isStopping, signal, observer }: LaneParts): Promise<void> {
  const endsAtMs = clock.nowMs() + insistMsMax
  for (let waitMs = insistFirstMs; ; waitMs = Math.min(insistLongestMs, 2 * waitMs)) {
    try {
      return await write()
    } catch (error) {
      if (isStopping() || clock.nowMs() > endsAtMs) throw error
      observer.count('alert_outbox_failures_total')
      if (waitMs === insistFirstMs) observer.warn('alert_end_not_written', { error })
    }
    await clock.sleep(waitMs, signal)
  }
}

function tell(
  { kind }: Channel,
  { all, sinceMs }: { readonly all: readonly Sent[]; readonly sinceMs: number },
  { observer }: LaneParts,
): void {
  for (const { bundle, after } of all) {
    const end = after.end.kind === 'sent' && bundle.length > 1 ? 'digested' : after.end.kind
    observer.count('alert_deliveries_total', { kind, end }, bundle.length)
    if (after.end.kind !== 'sent') continue
    for (const { eventAgeMs } of bundle) observer.time('alert_lag_seconds', (eventAgeMs + sinceMs) / 1_000)
  }
}

/** Times in the channel's zone, else in that of the person who reads it, or whom it is about. */
function channelFor(channel: Channel, bundle: Bundle): Channel {
  const zones = new Set(bundle.map(({ accountZone }) => accountZone))
  const [zone] = zones
  return channel.timeZone === undefined && zone !== undefined && zones.size === 1
    ? { ...channel, timeZone: zone }
    : channel
}
