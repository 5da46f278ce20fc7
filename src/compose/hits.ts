import { randomBytes } from 'node:crypto'
import type { HitStore } from '../check/hit-ports.ts'
import { createPresence } from '../check/presence.ts'
import type { Settings } from '../settings.ts'
import { type Observer, silentObserver } from '../telemetry/observer.ts'
import { openRedisStore } from './store.ts'
import { watchHits } from './watch-store.ts'

const beatMs = 250

/**
 * The Redis that counts hits of descriptors and nothing else, where the settings name one. It has a connection, a breaker and a clock of its
 * own, so that neither store is the worse for what the other meets.
 */
export async function openHits(
  started: AsyncDisposableStack,
  given: {
    readonly settings: Settings
    readonly observer: Observer
    readonly installation?: string
    readonly warnings: Set<string>
  },
): Promise<HitStore | undefined> {
  const { settings, warnings } = given
  const { TOLLGATE_HITS_REDIS_URL: url } = settings
  if (url === undefined) return undefined
  const observer = saysWhich(given.observer)
  const open = await openRedisStore(url, { ...given, observer, isForHits: true })
  started.defer(() => open.close())
  // Every call of a limit has a few milliseconds, and some hours have none: the beat is who notices that it is away or full, or back.
  const presence = createPresence({
    ...{ roll: open.roll, id: randomBytes(12).toString('base64url') },
    observer: { ...silentObserver, info: observer.info, warn: observer.warn },
    ...{ nowMs: () => performance.now(), everyMs: beatMs },
  })
  await presence.start()
  started.defer(() => presence.stop())
  watchHits(started, { presence, open, observer, warnings })
  return open.hits
}

/** The same, and every line of the log says that it is about this Redis. */
function saysWhich(observer: Observer): Observer {
  const store = 'hits'
  return {
    count: (metric, labels, by) => observer.count(metric, labels, by),
    counter: (metric, labels) => observer.counter(metric, labels),
    time: (metric, seconds, labels) => observer.time(metric, seconds, labels),
    set: (metric, value, labels) => observer.set(metric, value, labels),
    info: (event, details) => observer.info(event, { ...details, store }),
    warn: (event, details) => observer.warn(event, { ...details, store }),
  }
}
