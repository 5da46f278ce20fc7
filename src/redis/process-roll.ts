import type { Beat, ProcessRoll } from '../check/ports.ts'
import type { Connection } from './connection.ts'
import type { Scripts } from './scripts.ts'

const waitMs = 1_000

/** The roll in Redis, on the connection that the spends use: one small script per beat. `key` lies beside partition 0, so that a cluster has one roll. */
export function createRedisProcessRoll(parts: {
  readonly connection: Connection
  readonly scripts: Scripts
  readonly key: string
}): ProcessRoll {
  const { connection, scripts, key } = parts
  async function call(event: 'join' | 'beat' | 'leave', { id, streamBroke }: Omit<Beat, 'isNew'>) {
    const args = [connection.caller().runId, id, event, streamBroke ? '1' : '0']
    const reply = String(await connection.run(scripts.roll, { keys: [key], args, waitMs }))
    const [processes = 1, brokeAtMs = Number.POSITIVE_INFINITY] = reply.split(' ').map(Number)
    return { processes, brokeAtMs }
  }
  return {
    beat: (beat) => call(beat.isNew ? 'join' : 'beat', beat),
    async leave(beat) {
      await call('leave', beat)
    },
  }
}
