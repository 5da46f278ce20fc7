// The shipped Tollgate in a process that ends itself (SIGKILL, nothing is cleaned up) at the step it is told:
//   node test/support/failpoint-child.ts ORDERS     answers on its control port: GET /ready, /arm?point=merged&times=3
import { createServer } from 'node:http'
import { startServing } from '../../src/compose/serving.ts'
import { readSettings } from '../../src/settings.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { Observer } from '../../src/telemetry/observer.ts'
import { type FailPoint, stepsBetween } from './fail-points.ts'

/** What the child is started with. */
export interface ChildOrders {
  readonly environment: Readonly<Record<string, string>>
  /** Shorter than settings allow, so that a test need not wait for what nobody reports. */
  readonly reservationMs: number
  readonly controlPort: number
  /** Small batches and a trim in every pass, so that each step of the ledger is met in the middle of the work. */
  readonly isSteppedSmall: boolean
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders
const missing = new Set(['database', 'policy', 'listener'])
let armed: { readonly point: FailPoint; left: number } | undefined
const counts: Record<string, number> = {}
const gauges: Record<string, number> = {}

const between = stepsBetween({
  isAwaited: (point) => armed?.point === point,
  reached(point) {
    if (armed?.point !== point) return
    armed.left -= 1
    if (armed.left === 0) process.kill(process.pid, 'SIGKILL')
  },
})

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control')
  if (pathname === '/arm')
    armed = { point: searchParams.get('point') as FailPoint, left: Number(searchParams.get('times')) }
  response.statusCode = missing.size === 0 ? 200 : 503
  response.end(JSON.stringify({ missing: [...missing], counts, gauges }))
}).listen(orders.controlPort, '127.0.0.1')

const log = createLog({ level: 'info' })
const observer: Observer = {
  count(metric, labels = {}, by = 1) {
    const name = [metric, ...Object.values(labels)].join(' ')
    counts[name] = (counts[name] ?? 0) + by
  },
  counter: (metric, labels) => (by) => observer.count(metric, labels, by),
  set(metric, value) {
    gauges[metric] = value
  },
  time() {},
  info: (event, details = {}) => log.info(details, event),
  warn: (event, details = {}) => log.warn(details, event),
}

const smallSteps = { idleMs: 20, batchMax: 25, trimEveryMs: 0, keepMs: 0 }
const started = new AsyncDisposableStack()
const ending = new AbortController()
const settings = { ...readSettings(orders.environment), TOLLGATE_RESERVATION_MS: orders.reservationMs }
await startServing(started, {
  ...{ settings, environment: {}, observer, missing, ending },
  between: { ...between, ...(orders.isSteppedSmall && { ledger: smallSteps }) },
})
await new Promise((resolve) => process.once('SIGTERM', resolve))
await started.disposeAsync()
process.exit(0)
