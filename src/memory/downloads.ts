import { LRUCache } from 'lru-cache'
import type { Downloads } from '../check/ports.ts'
import { continuedMsMax, type Download } from '../core/download.ts'

/** Downloads remembered in this process: the `entriesMax` last ended ones of the last ten minutes, at about 300 bytes each. */
export function createMemoryDownloads(entriesMax = 50_000): Downloads {
  const downloads = new LRUCache<string, Download>({ max: entriesMax, ttl: continuedMsMax })
  return {
    lastOf: (key) => downloads.get(key),
    remember: (key, download) => void downloads.set(key, download),
    forget: (key) => void downloads.delete(key),
  }
}
