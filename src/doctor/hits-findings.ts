import type { Finding } from './finding.ts'
import type { ServerReport } from './ports.ts'

const nearlyFull = 0.9

/** Of servers that count hits of descriptors and nothing else: they may evict, and nothing in them outlives its window. */
export function hitsFindings(servers: readonly ServerReport[]): readonly Finding[] {
  const full = servers.filter(isNearlyFull)
  if (full.length === 0)
    return [{ about: 'store', level: 'good', sentence: 'The Redis of TOLLGATE_HITS_REDIS_URL answers and has room' }]
  return full.map(({ maxmemoryPolicy, maxmemoryBytes }) => {
    const start = `The Redis of TOLLGATE_HITS_REDIS_URL is full, or nearly, with its maxmemory of ${maxmemoryBytes} bytes`
    return maxmemoryPolicy === 'noeviction'
      ? {
          about: 'store',
          level: 'wrong',
          sentence: `${start}: limits of descriptors act by their posture. Give it more`,
        }
      : {
          about: 'store',
          level: 'note',
          sentence: `${start}: by ${maxmemoryPolicy} it drops counters, which begin anew`,
        }
  })
}

function isNearlyFull({ maxmemoryBytes, usedMemoryBytes }: ServerReport): boolean {
  return maxmemoryBytes > 0 && usedMemoryBytes >= nearlyFull * maxmemoryBytes
}
