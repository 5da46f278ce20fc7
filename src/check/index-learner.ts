import { LRUCache } from 'lru-cache'
import { filesOfIndex, indexUrlOf } from '../core/index-files.ts'
import type { ResourceRequest } from '../core/request.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { FetchIndex, SizeCatalogue } from './ports.ts'

export interface IndexLearnerOptions {
  readonly fetchIndex: FetchIndex
  readonly sizes: SizeCatalogue
  /** The value behind an upstream's credential reference. */
  readonly credentialOf: (reference: string) => string | undefined
  readonly observer: Observer
}

/** Learns the sizes of a package's files from its index page, when a client asks for that page: what it fetches next is then known. */
export interface IndexLearner {
  /** A client was let through to this page. Returns at once. */
  seen(upstream: Upstream, page: Pick<ResourceRequest, 'kind' | 'resource' | 'path' | 'indexRoot'>): void
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

const atOnceMax = 4
const waitingMax = 256
const pagesMax = 20_000
/** A page is asked for again after so long; one that could not be had, too. */
const freshMs = 10 * 60_000
/** Pages that an upstream does not have are ordinary: one line in the log stands for a minute's. */
const sayEveryMs = 60_000
const upstreamsMax = 1_000

/** At most four fetches at a time and 256 that wait; beyond that a page is left to be learnt from what is served. One fetch per page. */
export function createIndexLearner(options: IndexLearnerOptions): IndexLearner {
  const known = new LRUCache<string, true>({ max: pagesMax, ttl: freshMs })
  const said = new LRUCache<string, true>({ max: upstreamsMax, ttl: sayEveryMs })
  const waiting: (() => Promise<void>)[] = []
  const running = new Set<Promise<void>>()

  const next = (): void => {
    const job = running.size < atOnceMax ? waiting.shift() : undefined
    if (job === undefined) return
    const run = job().finally(() => {
      running.delete(run)
      next()
    })
    running.add(run)
  }
  return {
    seen(upstream, page) {
      const indexUrl = indexUrlOf(upstream, page)
      if (indexUrl === undefined || known.has(indexUrl)) return
      if (waiting.length >= waitingMax) return options.observer.count('index_fetches_total', { result: 'shed' })
      known.set(indexUrl, true)
      waiting.push(() => learn({ upstream, indexUrl }, { ...options, said }))
      next()
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

async function learn(
  page: { readonly upstream: Upstream; readonly indexUrl: string },
  { fetchIndex, sizes, credentialOf, observer, said }: IndexLearnerOptions & { readonly said: LRUCache<string, true> },
): Promise<void> {
  const { upstream, indexUrl } = page
  const authorization = upstream.credential === undefined ? undefined : credentialOf(upstream.credential)
  try {
    const fetched = await fetchIndex({ url: indexUrl, ...(authorization !== undefined && { authorization }) })
    const files = fetched === undefined ? [] : filesOfIndex(fetched, page)
    for (const { path, sizeBytes } of files) sizes.learn(upstream.id, path, sizeBytes)
    observer.count('index_fetches_total', { result: fetched === undefined ? 'no_json' : 'learnt' })
  } catch (error) {
    observer.count('index_fetches_total', { result: 'failed' })
    if (said.has(upstream.id)) return
    said.set(upstream.id, true)
    observer.warn('index_fetch_failed', { upstream: upstream.id, url: indexUrl, reason: reasonOf(error) })
  }
}

/** What went wrong in words: `fetch failed` says why only in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
