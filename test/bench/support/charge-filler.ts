import { Redis } from 'ioredis'
import { createKeys } from '../../../src/redis/keys.ts'
import { createRedisSpendStore } from '../../../src/redis/spend-store.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

export interface ChargeFiller {
  /** Appends so many final charges, spread over the departments, each as `report.lua` writes it. */
  fill(count: number): Promise<void>
  close(): Promise<void>
}

const departments = 16
const accounts = 400
const packages = 2_000
const commandsAtOnce = 500

/**
 * What a busy day leaves in the streams: 16 departments, 400 accounts in turn, 2,000 packages of which few make most of the traffic. `onCharge`
 * hears of each charge just before it is sent.
 */
export async function openChargeFiller(
  redisUrl: string,
  { onCharge }: { readonly onCharge?: (account: string, milli: number) => void } = {},
): Promise<ChargeFiller> {
  const keys = createKeys('tg1:')
  const redis = new Redis(redisUrl)
  const epochs = await readEpochs(redisUrl)
  let nth = 0
  const command = (): [string, ...string[]] => {
    nth += 1
    const account = (nth * 7) % accounts
    const partition = (account % departments) * 13
    const department = `department-${account % departments}`
    const name = Math.floor(packages * ((nth * 0.618_034) % 1) ** 3)
    const nowMs = Date.now()
    const milli = 1_000 + (nth % 900)
    onCharge?.(`account-${account}`, milli)
    const amounts = `1 ${milli} ${nth % 50_000_000} 0`
    const words = [
      ...[epochs.get(partition) ?? '', `${nth.toString(16).padStart(32, 'a')}.${nowMs.toString(36)}`, nowMs, 'f'],
      ...[amounts, amounts, 'delivered', 0, 0, 'p', partition],
    ]
    const project = `project-${account % 80}`
    const who = { account: `account-${account}`, project, department, token: `token-${account}` }
    const from = { address: `10.1.${account % 250}.${nth % 250}`, upstream: 'mirror', kind: 'artifact' }
    const meta = { ...who, ...from, resource: `package-${name}`, file: `package_${name}-1.2.3-py3-none-any.whl` }
    const subjects = `account:account-${account} project:${project} department:${department} token:token-${account}`
    const key = keys[partition]?.charges ?? ''
    return [key, '*', 'e', words.join(' '), 's', subjects, 'm', JSON.stringify(meta)]
  }
  return {
    async fill(count) {
      for (let left = count; left > 0; left -= commandsAtOnce) {
        const pipeline = redis.pipeline()
        for (let index = 0; index < Math.min(left, commandsAtOnce); index += 1) pipeline.xadd(...command())
        await pipeline.exec()
      }
    },
    async close() {
      await redis.quit()
    },
  }
}

/** Asking for charges begins an epoch where there is none. */
async function readEpochs(redisUrl: string): Promise<ReadonlyMap<number, string>> {
  const spending = createRedisSpendStore({ url: redisUrl, observer: silentObserver, nowMs: Date.now })
  await spending.ready()
  const epochs = new Map<number, string>()
  for (let index = 0; index < departments; index += 1) {
    const { epoch } = await spending.charges({ partition: index * 13, checkpoint: undefined, countMax: 1 })
    epochs.set(index * 13, epoch)
  }
  await spending.close()
  return epochs
}
