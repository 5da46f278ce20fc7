import { setTimeout as delay } from 'node:timers/promises'
import type { Posture } from './callers.ts'
import type { Child } from './child.ts'
import type { Server } from './stage.ts'
import type { TrialWorld } from './trial.ts'

/** One way in which something breaks and comes back. Resolves when it is back. */
export interface Spoil {
  readonly name: string
  /** Of the limits; any when absent. */
  readonly posture?: Posture
  readonly run: (world: TrialWorld, random: () => number) => Promise<void>
}

const awayMs = 1_500

/** What can break beside a fail point: servers, processes, and the wires between them. */
export const spoils: readonly Spoil[] = [
  { name: 'Redis killed', run: ({ stage }) => restart(stage.servers.redis) },
  { name: 'Redis frozen', run: ({ stage }) => freeze(stage.redis().pid) },
  { name: 'PostgreSQL killed', run: ({ stage }) => restart(stage.servers.postgres) },
  {
    name: 'Redis and PostgreSQL killed',
    run: async ({ stage }) => {
      await Promise.all(Object.values(stage.servers).map(restart))
    },
  },
  { name: 'Tollgate killed', run: restartTollgate },
  { name: 'Tollgate frozen', run: ({ stage }) => freeze(stage.tollgate().pid) },
  { name: 'ledger killed', run: withLedger((ledger) => ledger.kill()) },
  { name: 'ledger frozen', run: withLedger((ledger) => freeze(ledger.pid)) },
  { name: 'Redis frozen, Tollgate killed meanwhile', run: killWhileFrozen },
  { name: 'wire to Redis reset', run: async ({ stage }) => stage.redisWire.reset() },
  { name: 'wire to Redis cut in a command', run: ({ stage }, random) => cut(stage.redisWire, random) },
  { name: 'wire to Redis stalled', run: ({ stage }) => stall(stage.redisWire) },
  { name: 'wire to Redis slow', run: ({ stage }) => slow(stage.redisWire) },
  { name: 'wire to PostgreSQL reset', run: async ({ stage }) => stage.postgresWire.reset() },
  { name: 'wire to PostgreSQL cut in a statement', run: ({ stage }, random) => cut(stage.postgresWire, random) },
  { name: 'wire to PostgreSQL stalled', run: ({ stage }) => stall(stage.postgresWire) },
  { name: 'wire to PostgreSQL slow', run: ({ stage }) => slow(stage.postgresWire) },
]

async function restart(server: Server): Promise<void> {
  await server.kill()
  await server.start()
}

async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  try {
    await delay(awayMs)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

async function restartTollgate({ stage }: TrialWorld): Promise<void> {
  await stage.tollgate().kill()
  await stage.startTollgate()
}

/** A second ledger takes turns with the first one, until this happens to it. */
function withLedger(happens: (ledger: Child) => Promise<void>) {
  return async ({ stage }: TrialWorld, random: () => number): Promise<void> => {
    const ledger = await stage.startLedger()
    try {
      await delay(random() * 200)
      await happens(ledger)
    } finally {
      await ledger.kill()
    }
  }
}

/** What was to be told to the store is on the disk of a process that is gone. */
async function killWhileFrozen(world: TrialWorld): Promise<void> {
  const { pid } = world.stage.redis()
  process.kill(pid, 'SIGSTOP')
  try {
    await delay(awayMs / 2)
    await world.stage.tollgate().kill()
    const starting = world.stage.startTollgate()
    await delay(awayMs / 2)
    process.kill(pid, 'SIGCONT')
    await starting
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

type Wire = TrialWorld['stage']['redisWire']

async function cut(wire: Wire, random: () => number): Promise<void> {
  wire.cutAfter(1 + Math.floor(random() * 20_000))
  await wire.cut()
}

async function stall(wire: Wire): Promise<void> {
  wire.stall()
  await delay(awayMs)
  wire.resume()
}

async function slow(wire: Wire): Promise<void> {
  wire.delay(40)
  await delay(awayMs)
  wire.delay(0)
}
