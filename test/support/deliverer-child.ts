// A deliverer in a process that ends itself (SIGKILL, nothing is cleaned up) at the step it is told:
//   node test/support/deliverer-child.ts ORDERS
import type { Outbox, Sender } from '../../src/alerts/ports.ts'
import { createSenders } from '../../src/notify/create-senders.ts'
import { createSecretBox } from '../../src/notify/secret-box.ts'
import type { DeliverPoint } from './deliver-points.ts'
import { startDeliverer } from './start-deliverer.ts'

export interface DelivererOrders {
  readonly databaseUrl: string
  /** Absent: it never ends itself. */
  readonly point?: DeliverPoint
  /** How often the point is passed before. */
  readonly passes: number
  readonly settings: Readonly<Record<string, number>>
  /** The target takes so many messages a minute; what is more goes in digests. */
  readonly perMinuteMax?: number
}

const { databaseUrl, point, passes, settings, perMinuteMax } = JSON.parse(process.argv[2] ?? '{}') as DelivererOrders
let left = passes

function reached(now: DeliverPoint): void {
  if (now !== point) return
  left -= 1
  if (left < 0) process.kill(process.pid, 'SIGKILL')
}

function steppedOutbox(real: Outbox): Outbox {
  return {
    ...real,
    async route(countMax) {
      reached('routing')
      const routed = await real.route(countMax)
      if (routed > 0) reached('routed')
      return routed
    },
    async hold(channel, take) {
      const held = await real.hold(channel, take)
      if (held !== undefined) reached('held')
      return held
    },
    async end(deliveries, end, by) {
      reached('ending')
      await real.end(deliveries, end, by)
      reached('ended')
    },
  }
}

const { webhook } = createSenders({
  secretBox: createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' }),
})
const steppedSender: Sender = {
  ...webhook,
  ...(perMinuteMax !== undefined && { perMinuteMax }),
  async send(channel, message) {
    reached('sending')
    const result = await webhook.send(channel, message)
    reached('sent')
    return result
  },
}

startDeliverer({ databaseUrl, settings, outbox: steppedOutbox, senders: { webhook: steppedSender } })
console.log('delivering')
