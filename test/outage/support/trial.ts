import { setTimeout as delay } from 'node:timers/promises'
import { createCheckClient } from '../../rpc/support/check-client.ts'
import type { FailPoint } from '../../support/fail-points.ts'
import { type Audit, auditBooks } from '../../support/three-books.ts'
import { bookedOf } from './books-of.ts'
import type { Caller, Posture } from './callers.ts'
import { type Downloads, startDownloads } from './downloads.ts'
import { type Lookout, untilQuiet } from './quiet.ts'
import type { Stage } from './stage.ts'
import { differencesWhenWarm } from './when-warm.ts'

/** What one trial came to. */
export interface Outcome extends Audit {
  readonly point: string
  /** Charges that were taken and not yet in the books when it struck. */
  readonly inFlight: number
  readonly refused: number
  /** Counters of store and ledger that do not say the same. */
  readonly differing: readonly string[]
}

export interface TrialWorld {
  readonly stage: Stage
  readonly lookout: Lookout
}

const parallel = 80
const restMs = 200
export const inFlightMin = 50
const killMsMax = 4_000
const attemptsMax = 3
const loadMsMax = 8_000

/** Downloads with 80 at a time; when at least 50 are under way `strike` spoils something and mends it; then all is drained and audited. */
export async function runTrial(
  { stage, lookout }: TrialWorld,
  {
    point,
    posture = 'deny',
    strike,
  }: {
    readonly point: string
    readonly posture?: Posture
    /** Answers how many charges were in flight when it struck. */
    readonly strike: (downloads: Downloads, caller: Caller) => Promise<number>
  },
): Promise<Outcome> {
  const caller = await stage.caller(posture)
  const downloads = await startLoad(stage, caller)
  const inFlight = await strike(downloads, caller)
  await delay(restMs)
  await downloads.stop()
  await untilQuiet(lookout, stage.tollgate())
  const audit = auditBooks(downloads.received, await bookedOf(stage.pool, caller.account))
  return {
    ...{ point, inFlight, ...audit },
    refused: downloads.received.filter(({ status }) => status === 503 || status === 0).length,
    differing: await differencesWhenWarm({ stage, lookout }, caller),
  }
}

async function startLoad(stage: Stage, { account, token }: Caller): Promise<Downloads> {
  const downloads = startDownloads({
    ...{ baseUrl: stage.baseUrl, token, parallel, restMs },
    name: account.replace('-', ''),
  })
  const deadlineMs = performance.now() + loadMsMax
  while (downloads.underWay() < inFlightMin) {
    if (performance.now() > deadlineMs) {
      const statuses = Object.entries(Object.groupBy(downloads.received, ({ status }) => status)).map(
        ([status, all]) => `${status}: ${all?.length}`,
      )
      await downloads.stop()
      throw new Error(`Only ${downloads.underWay()} downloads under way; answers so far: ${statuses.join(', ')}`)
    }
    await delay(5)
  }
  return downloads
}

/** Tollgate ends itself at the point, stays away for a moment and is started again. */
export function dieAt({ stage, lookout }: TrialWorld, point: FailPoint, times: number) {
  return async (_: Downloads, caller: Caller): Promise<number> => {
    const isKilled = await untilKilled(stage, { point, times, caller })
    const inFlight = await lookout.inFlight()
    await stage.startTollgate()
    if (!isKilled) throw new Error(`Tollgate never came to '${point}'`)
    return inFlight
  }
}

interface Death {
  readonly point: FailPoint
  readonly times: number
  readonly caller: Caller
}

/** True when it ended itself; in any case it has ended. */
async function untilKilled(stage: Stage, { point, times, caller }: Death): Promise<boolean> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const child = stage.tollgate()
    let isKilled = false
    const ended = child.ended.then((code) => {
      isKilled = code === undefined
    })
    await child.arm(point, times)
    await triggers[point]?.(stage, caller)
    await Promise.race([ended, delay(killMsMax)])
    if (isKilled) return true
  }
  await stage.tollgate().stop()
  return false
}

/** What makes a point be reached that the load alone does not come to. */
const triggers: Partial<Record<FailPoint, (stage: Stage, caller: Caller) => Promise<void>>> = {
  figures: askAnew,
  expiring: askUnheard,
  expired: askUnheard,
  seeding: askAnew,
  seeded: askAnew,
}

/** Asks Tollgate itself, past Envoy, for what nobody will ever report; for some seconds, so that several sweeps find something. */
async function askUnheard(stage: Stage): Promise<void> {
  const { account, token } = await stage.newcomer()
  const client = createCheckClient(stage.address, { timeoutMs: 500 })
  const ask = { token, path: `/packages/aa/${account}-unheard-1.0.zip`, extensions: { upstream: 'mirror' } }
  for (let tries = 0; tries < 100; tries += 1) {
    await client.check(ask).catch(() => undefined)
    await delay(30)
  }
  client.close()
}

/** Somebody whose counters the store has never held; once more while the account is news to Tollgate. */
async function askAnew(stage: Stage): Promise<void> {
  const { account, token } = await stage.newcomer()
  const url = `${stage.baseUrl}/packages/aa/${account}b1000h0-1.0.zip`
  for (let tries = 0; tries < 100; tries += 1) {
    const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await reply.arrayBuffer()
    if (reply.status !== 401) return
    await delay(20)
  }
}
