import { setTimeout as delay } from 'node:timers/promises'
import { openLoadClient } from '../../bench/support/grpc-load.ts'
import { checkFrame } from '../../rpc/support/check-frame.ts'

/**
 * A closed loop against one Tollgate, in a process of its own: as many callers as are decided at once, then ten times as many. Whoever is let
 * in or refused by a rule asks again at once; whoever is shed comes back after a pause that makes the load offered about ten times the peak.
 * Prints the figures as one line of JSON.
 *
 * Arguments: socket, token, callers at the peak
 */

const [socket = '', token = '', peakText = '16'] = process.argv.slice(2)
const peakCallers = Number(peakText)
const path = '/packages/57/89/fig-0.1-py3-none-any.whl'
const frame = checkFrame({ token, path, extensions: { upstream: 'mirror' } })
const client = await openLoadClient(`unix:${socket}`, 2)

interface Run {
  readonly perSecond: number
  readonly okMs: readonly number[]
  readonly shedMs: readonly number[]
}

async function loop(callers: number, durationMs: number, pauseMs: number): Promise<Run> {
  const okMs: number[] = []
  const shedMs: number[] = []
  const startedMs = performance.now()
  const endMs = startedMs + durationMs
  const caller = async (nth: number): Promise<void> => {
    // Not all in one instant.
    if (pauseMs > 0) await delay((nth * pauseMs) / callers)
    while (performance.now() < endMs) {
      const askedMs = performance.now()
      const answer = await client.call(frame)
      const isShed = answer.includes('overloaded')
      const into = isShed ? shedMs : okMs
      into.push(performance.now() - askedMs)
      if (isShed) await delay(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, nth) => caller(nth)))
  return { perSecond: (okMs.length * 1_000) / (performance.now() - startedMs), okMs, shedMs }
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}

/** How long after the overload until three in a row are answered as fast as at the peak. */
async function recovery(normalMs: number): Promise<number> {
  const startedMs = performance.now()
  for (let inRow = 0; inRow < 3 && performance.now() - startedMs < 20_000; ) {
    const askedMs = performance.now()
    const answer = await client.call(frame)
    inRow = !answer.includes('overloaded') && performance.now() - askedMs <= normalMs ? inRow + 1 : 0
  }
  return performance.now() - startedMs
}

await loop(peakCallers, 1_000, 0)
const peak = await loop(peakCallers, 3_000, 0)
const pauseMs = (9 * peakCallers * 1_000) / (9 * peak.perSecond)
const overload = await loop(peakCallers * 10, 4_000, pauseMs)
const recoveredMs = await recovery(2 * percentile(peak.okMs, 99))
client.close()
console.log(
  JSON.stringify({
    peakPerSecond: peak.perSecond,
    peakP99Ms: percentile(peak.okMs, 99),
    offeredPerSecond: overload.perSecond + (overload.shedMs.length * 1_000) / 4_000,
    goodputPerSecond: overload.perSecond,
    okP99Ms: percentile(overload.okMs, 99),
    shed: overload.shedMs.length,
    shedP50Ms: percentile(overload.shedMs, 50),
    shedP99Ms: percentile(overload.shedMs, 99),
    recoveredMs,
  }),
)
