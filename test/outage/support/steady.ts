import { setTimeout as delay } from 'node:timers/promises'
import { createCheckClient } from '../../rpc/support/check-client.ts'
import { createLogClient } from '../../rpc/support/log-client.ts'
import type { Caller } from './callers.ts'
import type { Received } from './downloads.ts'

/** One Check as its client saw it. */
export interface Asked extends Received {
  readonly account: string
  readonly sentAtMs: number
  latencyMs: number
  /** A gRPC error, or no answer in time. */
  hasFailed: boolean
}

export interface SteadyLoad {
  readonly asked: readonly Asked[]
  /** Ends when every answer is there and every allowed request is reported. */
  stop(): Promise<void>
}

const tickMs = 10
/** Between the answer and its line in the access log. */
const reportAfterMs = 80

/**
 * Asks so many times a second, whatever becomes of earlier Checks, in the callers' names in turn, and reports what was allowed, as Envoy does;
 * `timeoutMs` is Envoy's patience. Envoy itself is left out, because these are figures about Tollgate.
 */
export function startSteadyLoad(given: {
  readonly address: string
  readonly callers: readonly Caller[]
  readonly perSecond: number
  readonly timeoutMs: number
  /** Number of the first file; 0 when absent. */
  readonly from?: number
}): SteadyLoad {
  const { address, callers, perSecond, timeoutMs, from = 0 } = given
  const client = createCheckClient(address, { timeoutMs })
  const logs = createLogClient(address)
  const asked: Asked[] = []
  const pending = new Set<Promise<void>>()
  const startMs = performance.now()
  const ask = async (index: number): Promise<void> => {
    const caller = callers[index % callers.length]
    if (caller === undefined) return
    const bytes = 10_000 + ((index * 7_919) % 50_000)
    const file = `${caller.account.replace('-', '')}n${from + index}-1.0-py3-none-any.whl`
    const line: Asked = {
      ...{ file, wish: 'whole', status: 0, bytes: 0, fullBytes: bytes, isOver: false },
      ...{ account: caller.account, sentAtMs: performance.now(), latencyMs: 0, hasFailed: false },
    }
    asked.push(line)
    const path = `/packages/aa/${file}`
    try {
      const answer = await client.check({ token: caller.token, path, extensions: { upstream: 'mirror' } })
      line.latencyMs = performance.now() - line.sentAtMs
      line.status = answer.allowed ? 200 : answer.status
      if (!answer.allowed) return
      line.bytes = bytes
      await delay(reportAfterMs)
      logs.send({ ticket: answer.metadata['ticket'] ?? '', path, bodyBytes: bytes })
    } catch {
      line.latencyMs = performance.now() - line.sentAtMs
      line.hasFailed = true
    }
  }
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1_000)
    while (asked.length < due) {
      const one = ask(asked.length).finally(() => pending.delete(one))
      pending.add(one)
    }
  }, tickMs)
  return {
    asked,
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      await logs.finish()
      client.close()
      logs.close()
    },
  }
}

/** Requests that were asked in [fromMs, toMs), and how long they took. */
export function latencies(asked: readonly Asked[], fromMs: number, toMs: number) {
  const sorted = asked
    .filter(({ sentAtMs }) => sentAtMs >= fromMs && sentAtMs < toMs)
    .map(({ latencyMs }) => latencyMs)
    .sort((left, right) => left - right)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { checks: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1 - 1e-9) }
}
