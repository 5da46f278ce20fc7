import { createSharedHints } from '../check/hints.ts'
import { createIndexLearner, type IndexLearner } from '../check/index-learner.ts'
import type { Downloads, HintStream, SizeCatalogue } from '../check/ports.ts'
import { createMemoryDownloads } from '../memory/downloads.ts'
import { createMemorySizeCatalogue } from '../memory/size-catalogue.ts'
import { fetchIndex } from '../origin/fetch-index.ts'
import type { Observer } from '../telemetry/observer.ts'

const exchangeEveryMs = 250

/** What is learnt about files, from answers, index pages and the other processes. */
export interface Learning {
  readonly sizes: SizeCatalogue
  readonly downloads: Downloads
  readonly indexSeen: IndexLearner['seen']
}

export async function startLearning(
  started: AsyncDisposableStack,
  given: {
    readonly hints: HintStream | undefined
    readonly credentialOf: (reference: string) => string | undefined
    readonly observer: Observer
  },
): Promise<Learning> {
  const { hints, credentialOf, observer } = given
  const own = { sizes: createMemorySizeCatalogue(), downloads: createMemoryDownloads() }
  const shared = hints && createSharedHints({ ...own, stream: hints, observer, everyMs: exchangeEveryMs })
  if (shared !== undefined) {
    started.defer(() => shared.stop())
    // What the others know by now, before the first Check.
    await shared.exchange()
  }
  const { sizes, downloads } = shared ?? own
  const learner = createIndexLearner({ fetchIndex, sizes, credentialOf, observer })
  return { sizes, downloads, indexSeen: learner.seen }
}
