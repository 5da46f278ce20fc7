import type { SpendRequest } from '../../src/core/spend.ts'
import { createRedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { spendRequest } from './spend-harness.ts'

/** What the test asks of this process: each client sends all its requests at once. */
export interface WorkerRound {
  readonly name: string
  readonly requestsPerClient: number
  readonly request: Pick<SpendRequest, 'lines' | 'estimate'>
}

/** One of several processes that spend in one Redis, each client on its own connection. Started by fork(url, keyPrefix, clients). */
const [url = '', keyPrefix = '', clients = ''] = process.argv.slice(2)
const stores = Array.from({ length: Number(clients) }, () =>
  createRedisSpendStore({ url, keyPrefix, observer: silentObserver, nowMs: Date.now, commandTimeoutMs: 30_000 }),
)
await Promise.all(stores.map((store) => store.ready(20_000)))

process.on('message', (round: WorkerRound) => void play(round))
process.send?.('ready')

async function play(round: WorkerRound): Promise<void> {
  const answers = await Promise.all(
    stores.flatMap((store, client) =>
      Array.from({ length: round.requestsPerClient }, (_, index) =>
        store.spend(
          spendRequest({
            ...round.request,
            id: `${round.name}-${process.pid}-${client}-${index}`,
            notAfterMs: Date.now() + 60_000,
          }),
        ),
      ),
    ),
  )
  const taken = answers.filter((answer) => answer.kind === 'taken').length
  const refused = answers.filter((answer) => answer.kind === 'refused').length
  process.send?.({ taken, refused })
}
