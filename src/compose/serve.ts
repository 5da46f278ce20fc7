import { Fault } from '../core/fault.ts'
import type { Settings } from '../settings.ts'
import { createObserver } from '../telemetry/create-observer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createOpsServer } from '../telemetry/ops-server.ts'
import { type Serving, startServing } from './serving.ts'

/**
 * Runs the data plane and this process's background roles until SIGTERM or SIGINT, then drains: no request is lost to the stop. Throws,
 * drained as well, the `Fault` that kept it from going on.
 */
export async function serve(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const metrics = createMetrics()
  const observer = createObserver({ log: createLog({ level: settings.TOLLGATE_LOG_LEVEL }), metrics, nowMs: Date.now })
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
  const missing = new Set(['database', 'policy', 'listener'])
  await using started = new AsyncDisposableStack()
  started.defer(() => observer.info('stopped'))
  const ops = await createOpsServer({ listen: settings.TOLLGATE_OPS_ADDRESS, metrics, missing: () => [...missing] })
  started.defer(() => ops.close())
  observer.info('ops_listening', { ...ops.address })
  await serveUntilEnded(started, { settings, environment, observer, missing, ending })
}

async function serveUntilEnded(started: AsyncDisposableStack, serving: Serving): Promise<void> {
  const { observer, missing, ending } = serving
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve(), { once: true }))
  try {
    const { addresses } = await startServing(started, serving)
    observer.info('ready', { addresses })
    await ended
  } catch (error) {
    if (!ending.signal.aborted) throw error
  }
  missing.add('everything: this process stops')
  observer.info('stopping')
  if (ending.signal.reason instanceof Fault) throw ending.signal.reason
}
