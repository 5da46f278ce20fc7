import type { Observer } from '../telemetry/observer.ts'
import type { Downloads, Hint, HintStream, SizeCatalogue } from './ports.ts'

export interface SharedHintsOptions {
  readonly stream: HintStream
  /** What this process knows by itself. */
  readonly sizes: SizeCatalogue
  readonly downloads: Downloads
  readonly observer: Observer
  readonly everyMs: number
}

/** The same knowledge, told to all processes of an installation and heard from them. */
export interface SharedHints {
  readonly sizes: SizeCatalogue
  readonly downloads: Downloads
  /** Tells what is new and hears what others told; every `everyMs` by itself. Never rejects. */
  exchange(): Promise<void>
  stop(): void
}

const waitingMax = 5_000
const toldAtOnce = 400
/** Of one exchange, so that it ends. */
const roundsMax = 32

/**
 * Shares sizes and broken downloads over processes. Checks ask memory only. Hints may be lost: above 5,000 that wait the oldest go, and while
 * the stream is away nobody hears; what is not known is estimated by the price rule, or pays its base price again.
 */
export function createSharedHints(options: SharedHintsOptions): SharedHints {
  const { sizes, downloads } = options
  const exchange = createExchange(options)
  const tell = exchange.tell
  const timer = setInterval(() => void exchange.run(), options.everyMs)
  timer.unref()
  return {
    sizes: {
      sizeOf: (upstream, path) => sizes.sizeOf(upstream, path),
      learn(upstream, path, sizeBytes) {
        if (sizes.sizeOf(upstream, path) === sizeBytes) return
        sizes.learn(upstream, path, sizeBytes)
        tell({ kind: 'size', upstream, path, sizeBytes })
      },
    },
    downloads: {
      lastOf: (key) => downloads.lastOf(key),
      remember(key, download) {
        downloads.remember(key, download)
        tell({ kind: 'download', key, download })
      },
      forget(key) {
        if (downloads.lastOf(key) === undefined) return
        downloads.forget(key)
        tell({ kind: 'download', key })
      },
    },
    exchange: () => exchange.run(),
    stop: () => clearInterval(timer),
  }
}

function createExchange({ stream, sizes, downloads, observer }: SharedHintsOptions) {
  const waiting: Hint[] = []
  let position = ''
  let running: Promise<void> | undefined

  const take = (hint: Hint): void => {
    if (hint.kind === 'size') sizes.learn(hint.upstream, hint.path, hint.sizeBytes)
    else if (hint.download === undefined) downloads.forget(hint.key)
    else downloads.remember(hint.key, hint.download)
  }
  const once = async (): Promise<void> => {
    try {
      for (let round = 0; round < roundsMax && waiting.length > 0; round += 1) {
        await stream.tell(waiting.slice(0, toldAtOnce))
        waiting.splice(0, toldAtOnce)
      }
      for (let round = 0; round < roundsMax; round += 1) {
        const heard = await stream.heard(position)
        for (const hint of heard.hints) take(hint)
        if (heard.position === position) return
        position = heard.position
      }
    } catch {
      // The store is away: what waits is told later.
      observer.count('hint_exchanges_failed_total')
    }
  }
  return {
    tell(hint: Hint): void {
      if (waiting.length >= waitingMax) waiting.shift()
      waiting.push(hint)
    },
    run(): Promise<void> {
      running ??= once().finally(() => {
        running = undefined
      })
      return running
    },
  }
}
