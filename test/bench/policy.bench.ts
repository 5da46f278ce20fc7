import { readCheckAnswer } from '../rpc/support/check-client.ts'
import { checkFrame } from '../rpc/support/check-frame.ts'
import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { type LoadClient, openLoadClient } from './support/grpc-load.ts'

const tokens = 10_000
const trials = 40
const trialsWithoutRing = 10
const enforcedMsMax = 10_000

/** From the reply to COMMIT until a Check is decided by the new row, with the ring and with the ring lost. */
export async function run(): Promise<readonly Figure[]> {
  const world = await startBenchWorld(tokens)
  try {
    const client = await openLoadClient(
      await world.serve('memory', { TOLLGATE_ROLES: 'none', TOLLGATE_UNBOOKED: 'true' }),
      1,
    )
    const rung: number[] = []
    for (let trial = 0; trial < trials; trial += 1) rung.push(await enforcedAfterMs(world, client, trial))
    await loseRings(world)
    const lost: number[] = []
    for (let trial = 0; trial < trialsWithoutRing; trial += 1)
      lost.push(await enforcedAfterMs(world, client, trials + trial))
    client.close()
    const worst = Math.max(...rung, ...lost)
    return [
      figureOf('policy.enforced_ms.median', 'ms', rung),
      {
        figure: 'policy.enforced_ms.max',
        value: Number(worst.toPrecision(4)),
        min: Math.min(...lost),
        max: worst,
        unit: 'ms',
      },
      figureOf('policy.enforced_without_notify_ms', 'ms', lost),
    ]
  } finally {
    await world.stop()
  }
}

/** Revokes one token and asks with it, one Check after the other, until it is refused. */
async function enforcedAfterMs(world: BenchWorld, client: LoadClient, nth: number): Promise<number> {
  const token = world.secrets[nth] ?? ''
  const frame = checkFrame({ token, path: '/simple/demo/', extensions: { upstream: 'mirror' } })
  if (!(await isAllowed(client, frame))) throw new Error('The token was refused before it was revoked')
  await world.sql.query(`UPDATE tollgate.token SET revoked_at = now() WHERE id = $1`, [`token-${nth + 1}`])
  const committedMs = performance.now()
  while (performance.now() - committedMs < enforcedMsMax) {
    if (!(await isAllowed(client, frame))) return performance.now() - committedMs
  }
  throw new Error(`Not enforced after ${enforcedMsMax} ms`)
}

async function isAllowed(client: LoadClient, frame: Buffer): Promise<boolean> {
  return readCheckAnswer(await client.call(frame)).allowed
}

/** Versions are still taken, but nothing is told: only the poll can find out. */
async function loseRings(world: BenchWorld): Promise<void> {
  const { rows } = await world.sql.query(`SELECT pg_get_functiondef('tollgate.take_version'::regproc) AS text`)
  const silent = String(rows[0]?.text).replace(/PERFORM pg_notify\([^;]*;/, '')
  if (!/nextval/.test(silent) || /pg_notify/.test(silent)) throw new Error('The trigger is not what this bench expects')
  await world.sql.query(silent)
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
