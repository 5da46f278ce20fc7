import { percentileOf } from './figure.ts'
import type { Call } from './grpc-load.ts'

/** Calls per second with so many always in flight, for so long. `next` gives the message of the nth call. */
export async function closedLoop(
  call: Call,
  load: { readonly inFlight: number; readonly durationMs: number; readonly next: (nth: number) => Uint8Array },
): Promise<number> {
  const startMs = performance.now()
  const endMs = startMs + load.durationMs
  let calls = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await call(load.next(calls))
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: load.inFlight }, worker))
  return (calls * 1_000) / (performance.now() - startMs)
}

export interface OpenLoopResult {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly failed: number
  readonly calls: number
}

/** Evenly paced calls whose latency (ms) counts from the instant each was due, so a stall is paid by all that waited behind it. */
export async function openLoop(
  call: Call,
  load: { readonly perSecond: number; readonly durationMs: number; readonly next: (nth: number) => Uint8Array },
): Promise<OpenLoopResult> {
  const total = Math.floor((load.perSecond * load.durationMs) / 1_000)
  const latencies: number[] = []
  const pending: Promise<void>[] = []
  const startMs = performance.now()
  let failed = 0
  for (let nth = 0; nth < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * load.perSecond) / 1_000) + 1)
    for (; nth < due; nth += 1) {
      const dueMs = startMs + (nth * 1_000) / load.perSecond
      pending.push(
        call(load.next(nth)).then(
          () => void latencies.push(performance.now() - dueMs),
          () => {
            failed += 1
          },
        ),
      )
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(pending)
  latencies.sort((a, b) => a - b)
  const [p50, p99, p999] = [50, 99, 99.9].map((percent) => percentileOf(latencies, percent))
  return { p50: p50 ?? Number.NaN, p99: p99 ?? Number.NaN, p999: p999 ?? Number.NaN, failed, calls: total }
}
