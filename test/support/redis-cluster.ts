import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import { startOwnRedis } from './redis.ts'

export interface RunningCluster {
  /** As the settings write it: one node named, the others found. */
  readonly url: string
  readonly masters: readonly RunningRedis[]
  stop(): Promise<void>
}

const slotCount = 16_384
const readyMsMax = 15_000

/** Starts masters that share all slots evenly and know each other. They end with the worker anyway. */
export async function startRedisCluster(masterCount = 3): Promise<RunningCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no']
  const masters = await Promise.all(Array.from({ length: masterCount }, () => startOwnRedis({ args })))
  const clients = masters.map(({ url }) => new Redis(url))
  try {
    for (const [index, client] of clients.entries()) {
      const from = Math.floor((index * slotCount) / masterCount)
      const to = Math.floor(((index + 1) * slotCount) / masterCount) - 1
      await client.cluster('ADDSLOTSRANGE', from, to)
      await client.cluster('SET-CONFIG-EPOCH', index + 1)
    }
    for (const { port } of masters.slice(1)) await clients[0]?.cluster('MEET', '127.0.0.1', port)
    await Promise.all(clients.map((client) => untilWhole(client, masterCount)))
  } finally {
    for (const client of clients) client.disconnect()
  }
  return {
    url: `redis+cluster://127.0.0.1:${masters[0]?.port}`,
    masters,
    stop: async () => {
      await Promise.all(masters.map((master) => master.stop()))
    },
  }
}

async function untilWhole(client: Redis, masterCount: number): Promise<void> {
  const byMs = performance.now() + readyMsMax
  for (;;) {
    const info = String(await client.cluster('INFO'))
    const ranges = (await client.cluster('SLOTS')) as readonly unknown[]
    if (info.includes('cluster_state:ok') && ranges.length === masterCount) return
    if (performance.now() > byMs) throw new Error(`The cluster is not whole: ${info}`)
    await delay(50)
  }
}
