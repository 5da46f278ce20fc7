import type { Reservation } from '../check/ports.ts'
import type { Subject } from '../core/subject.ts'
import type { Connection } from './connection.ts'
import { decodeSubject, encodeWord, type PartitionKeys } from './keys.ts'
import type { Scripts } from './scripts.ts'

/** `release` of the spend port: one call. */
export async function release(
  { id, partitions }: Reservation,
  to: {
    readonly connection: Connection
    readonly scripts: Scripts
    readonly keys: readonly PartitionKeys[]
    readonly waitMs: number
  },
): Promise<readonly Subject[]> {
  const { connection, scripts, waitMs } = to
  const word = encodeWord(id)
  const touched = partitions.flatMap(({ partition }) => to.keys[partition] ?? [])
  const { runId, fresh } = connection.caller()
  const reply = (await connection.run(scripts.release, {
    keys: touched.flatMap(({ epoch, recordPrefix, charges }) => [epoch, recordPrefix + word, charges]),
    args: [runId, fresh, word, ...touched.map(({ subjectPrefix }) => subjectPrefix)],
    waitMs,
  })) as readonly string[]
  return partitions.flatMap(({ partition }, index) => {
    const names = (reply[index] ?? '').split(' ')
    return names.flatMap((name) => (name === '' ? [] : (decodeSubject(name, partition) ?? [])))
  })
}
