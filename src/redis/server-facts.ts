import type { Redis } from 'ioredis'
import { Fault } from '../core/fault.ts'
import { partitionCount } from '../core/subject.ts'
import type { Script } from './scripts.ts'

/** What a server says of itself when a connection to it is made. */
export interface ServerFacts {
  readonly runId: string
  readonly version: string
  /** 0 = as much as the machine has. */
  readonly maxmemoryBytes: number
  /** What it used when the connection was made. */
  readonly usedMemoryBytes: number
  /** Anything but `noeviction` may drop counters and reservations once `maxmemoryBytes` are used. */
  readonly maxmemoryPolicy: string
  /** False: what it holds is gone when it ends. */
  readonly isAppendOnly: boolean
}

/** How data lies in the store. Another text for every change that a release of the other would misread. */
const format = `format=1 partitions=${partitionCount}`

export async function readServerFacts(
  client: Redis,
  { isClusterNode }: { readonly isClusterNode: boolean },
): Promise<ServerFacts> {
  const info = await client.info()
  const read = (field: string): string | undefined => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1]
  const runId = read('run_id')
  if (runId === undefined) throw new Error('INFO does not tell the run_id')
  if (read('redis_mode') === 'cluster' && !isClusterNode)
    throw new Error('This server is part of a Redis Cluster: write redis+cluster:// instead of redis://')
  // On 32 bits a long, through which scripts write numbers, is too short for a time in milliseconds.
  if (read('arch_bits') === '32') throw new Error('Redis must be a 64-bit build')
  return {
    runId,
    version: read('redis_version') ?? 'unknown',
    maxmemoryBytes: Number(read('maxmemory') ?? 0),
    usedMemoryBytes: Number(read('used_memory') ?? 0),
    maxmemoryPolicy: read('maxmemory_policy') ?? 'unknown',
    isAppendOnly: read('aof_enabled') === '1',
  }
}

export interface Claim {
  readonly key: string
  readonly isClusterNode: boolean
  readonly script: Script
  /** Which installation counts here; absent: not known, nothing is compared. */
  readonly installation?: string
  /** Only looks: nothing is written. */
  readonly isLookOnly: boolean
}

/**
 * Writes under `key` how data lies here and whose it is, if nobody did before. A master of a cluster that does not hold the key says so, and
 * its owner is asked by the connection that leads there.
 * @throws Fault `wrong_store_format` when the data was written in another way, or by another installation.
 */
export async function claimFormat(client: Redis, claim: Claim): Promise<void> {
  const { key, isClusterNode, script, installation = '', isLookOnly } = claim
  const answer = client.eval(script.text, 1, key, format, installation, isLookOnly ? '0' : '1')
  const found = await answer.then(String).catch((error: unknown) => {
    if (isClusterNode && error instanceof Error && /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message)) return ''
    throw error
  })
  const [, layout = '', owner = ''] = /^(.*?)(?: installation=(\S+))?$/.exec(found) ?? []
  if (layout !== '' && layout !== format) {
    throw new Fault('wrong_store_format', `Redis holds data of another layout under ${key}: ${found}, not ${format}`)
  }
  if (owner === '' || installation === '' || owner === installation) return
  throw new Fault(
    'wrong_store_format',
    `Redis holds data of another installation under ${key}: ${owner}, not ${installation}. Give each installation a TOLLGATE_KEY_PREFIX of its own`,
  )
}
