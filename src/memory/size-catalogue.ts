import { LRUCache } from 'lru-cache'
import type { SizeCatalogue } from '../check/ports.ts'

/** Sizes kept in this process: the `entriesMax` most recently used, at about 200 bytes each. */
export function createMemorySizeCatalogue(entriesMax = 100_000): SizeCatalogue {
  const sizes = new LRUCache<string, number>({ max: entriesMax })
  const keyOf = (upstream: string, path: string): string => `${upstream} ${path}`
  return {
    sizeOf: (upstream, path) => sizes.get(keyOf(upstream, path)),
    learn(upstream, path, sizeBytes) {
      if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) sizes.set(keyOf(upstream, path), sizeBytes)
    },
  }
}
