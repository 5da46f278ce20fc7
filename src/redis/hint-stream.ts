import type { Hint, HintStream } from '../check/ports.ts'
import type { Connection } from './connection.ts'
import type { Scripts } from './scripts.ts'

const waitMs = 1_000
const messagesMax = 8

type Message = readonly [position: string, fields: readonly [string, string]]

/** Hints as a short Redis stream, one message per telling. `key` lies beside partition 0, so that a cluster has one stream. */
export function createRedisHintStream(parts: {
  readonly connection: Connection
  readonly scripts: Scripts
  readonly key: string
}): HintStream {
  const { connection, scripts, key } = parts
  return {
    async tell(hints) {
      await connection.run(scripts.tell, { keys: [key], args: [JSON.stringify(hints)], waitMs })
    },
    async heard(after) {
      const reply = await connection.run(scripts.hear, { keys: [key], args: [after, String(messagesMax)], waitMs })
      const messages = reply as readonly Message[]
      const hints = messages.flatMap(([, [, text]]) => JSON.parse(text) as readonly Hint[])
      return { hints, position: messages.at(-1)?.[0] ?? after }
    },
  }
}
