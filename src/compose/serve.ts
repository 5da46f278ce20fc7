import { Fault } from '../core/fault.ts'
import type { JsonRateLimit } from '../grpc/json-rate-limit.ts'
import type { Settings } from '../settings.ts'
import { createObserver } from '../telemetry/create-observer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { startOpsListener } from './ops-listener.ts'
import { createRateLimitPage } from './rate-limit-page.ts'
import { type Served, type Serving, startServing } from './serving.ts'
import { linkToSupervisor } from './supervisor-link.ts'

interface ServeOptions {
  readonly settings: Settings
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Absent: alone, with an ops listener of its own. Else its name among those of the supervisor that started it. */
  readonly process?: string
}

/**
 * Runs the data plane and this process's background roles until SIGTERM or SIGINT (of several processes: until SIGTERM, or the supervisor's
 * end), then drains: no request is lost to the stop. Throws, drained as well, the `Fault` that kept it from going on.
 */
export async function serve({ settings, environment, process: name }: ServeOptions): Promise<void> {
  const metrics = createMetrics()
  const log = createLog({ level: settings.TOLLGATE_LOG_LEVEL, ...(name !== undefined && { process: name }) })
  const observer = createObserver({ log, metrics, nowMs: Date.now })
  const ending = new AbortController()
  listenToSignals(ending, name !== undefined)
  const missing = new Set(['database', 'policy', 'listener'])
  await using started = new AsyncDisposableStack()
  started.defer(() => observer.info('stopped'))
  const warnings = new Set<string>()
  const isSupervised = name !== undefined
  let json: JsonRateLimit | undefined
  const serving = { settings, environment, observer, missing, warnings, ending, isSupervised }
  if (name !== undefined) {
    const answers = {
      metrics: () => metrics.text(),
      missing: () => JSON.stringify([...missing]),
      warnings: () => JSON.stringify([...warnings]),
      json: async (body: string) => JSON.stringify(await json?.(Buffer.from(body, 'base64'))),
    }
    const link = linkToSupervisor({ answers, onLost: () => ending.abort() })
    started.defer(() => link.close())
    return await serveUntilEnded(started, serving, (served) => {
      json = served.json
      link.ready()
    })
  }
  const ops = await startOpsListener({
    ...{ listen: settings.TOLLGATE_OPS_ADDRESS, metrics },
    missing: () => [...missing],
    warnings: () => [...warnings],
    posts: {
      '/json': createRateLimitPage({
        trustsPeers: settings.TOLLGATE_INSECURE_PEERS,
        ask: async (body) => json?.(body),
      }),
    },
  })
  started.defer(() => ops.close())
  observer.info('ops_listening', { ...ops.address })
  await serveUntilEnded(started, serving, (served) => {
    json = served.json
  })
}

/** Alone, a second signal ends the process at once. Of several, the supervisor decides: it repeats what it says, and kills when it is hurried. */
function listenToSignals(ending: AbortController, isSupervised: boolean): void {
  if (isSupervised) {
    process.on('SIGTERM', () => ending.abort())
    // A terminal's Ctrl-C and its closing reach every process.
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
    return
  }
  const signals = ['SIGTERM', 'SIGINT'] as const
  const end = (): void => {
    for (const signal of signals) process.off(signal, end)
    ending.abort()
  }
  for (const signal of signals) process.on(signal, end)
}

async function serveUntilEnded(
  started: AsyncDisposableStack,
  serving: Serving,
  onReady: (served: Served) => void,
): Promise<void> {
  const { observer, missing, ending } = serving
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve(), { once: true }))
  try {
    const served = await startServing(started, serving)
    observer.info('ready', { addresses: served.addresses })
    onReady(served)
    await ended
  } catch (error) {
    if (!ending.signal.aborted) throw error
  }
  missing.add('everything: this process stops')
  observer.info('stopping')
  if (ending.signal.reason instanceof Fault) throw ending.signal.reason
}
