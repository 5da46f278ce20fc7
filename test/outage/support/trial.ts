import { setTimeout as delay } from 'node:timers/promises'
import type { FailPoint } from '../../support/fail-points.ts'
import { type Audit, auditBooks } from '../../support/three-books.ts'
import { bookedOf, differences } from './books-of.ts'
import type { Caller, Posture } from './callers.ts'
import { type Downloads, startDownloads } from './downloads.ts'
import { type Lookout, untilQuiet } from './quiet.ts'
import type { Stage } from './stage.ts'

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
const killMsMax = 8_000

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
  await stage.warm(caller)
  const audit = auditBooks(downloads.received, await bookedOf(stage.pool, caller.account))
  return {
    ...{ point, inFlight, ...audit },
    refused: downloads.received.filter(({ status }) => status === 503 || status === 0).length,
    differing: await differences({ pool: stage.pool, store: lookout.store }, caller),
  }
}

async function startLoad(stage: Stage, { account, token }: Caller): Promise<Downloads> {
  const downloads = startDownloads({
    ...{ baseUrl: stage.baseUrl, token, parallel, restMs },
    name: account.replace('-', ''),
  })
  const deadlineMs = performance.now() + killMsMax
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
    if (point.startsWith('expir')) await leaveUnreported(stage)
    const child = stage.tollgate()
    await child.arm(point, times)
    const trigger = triggers[point]
    if (trigger !== undefined) await trigger(stage, caller)
    const timer = setTimeout(() => void child.stop(), killMsMax)
    const code = await child.ended
    clearTimeout(timer)
    const inFlight = await lookout.inFlight()
    await stage.startTollgate()
    if (code !== undefined) throw new Error(`Tollgate never came to '${point}'`)
    return inFlight
  }
}

/** A first kill leaves reservations that nobody will report. */
async function leaveUnreported(stage: Stage): Promise<void> {
  await stage.tollgate().kill()
  await stage.startTollgate()
}

/** What makes a point be reached that the load alone does not come to. */
const triggers: Partial<Record<FailPoint, (stage: Stage, caller: Caller) => Promise<void>>> = {
  figures: askAnew,
  seeding: askAnew,
  seeded: askAnew,
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
