import { createAdmit } from '../../src/check/admit.ts'
import { type Authorize, createAuthorize } from '../../src/check/authorize.ts'
import type { WindowsAt } from '../../src/check/lines.ts'
import { createLook } from '../../src/check/look.ts'
import type { Spool } from '../../src/check/ports.ts'
import { createPresence, type Presence } from '../../src/check/presence.ts'
import { createReport } from '../../src/check/report.ts'
import { createReservationIds } from '../../src/check/reservation-id.ts'
import { createSeats } from '../../src/check/seats.ts'
import { createSlotQueue } from '../../src/check/slot-queue.ts'
import { createReadStatus } from '../../src/check/status.ts'
import { tellReleases } from '../../src/check/tell-releases.ts'
import { createTicketSigner, type TicketSigner } from '../../src/check/ticket.ts'
import { createWithoutStore } from '../../src/check/without-store.ts'
import type { AccessLogEntry } from '../../src/core/access-log.ts'
import type { Report } from '../../src/core/charge.ts'
import type { TimeRange } from '../../src/core/limit.ts'
import { refundOf } from '../../src/core/refund.ts'
import type { RequestFacts } from '../../src/core/request.ts'
import type { Decision } from '../../src/core/verdict.ts'
import { Replay } from '../../src/files/replay.ts'
import { encodeSpooled } from '../../src/files/spooled.ts'
import { type Decided, decideInTime } from '../../src/grpc/decide-in-time.ts'
import { createHolds, type Holds } from '../../src/grpc/holds.ts'
import type { Call } from '../../src/grpc/methods.ts'
import { createLocalStore } from '../../src/memory/local-store.ts'
import { createMemorySizeCatalogue } from '../../src/memory/size-catalogue.ts'
import { createPostgresLedgerStore } from '../../src/postgres/ledger-store.ts'
import type { Observer } from '../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../src/usage/ledger.ts'
import { createSeeder } from '../../src/usage/seeder.ts'
import { createSweeper } from '../../src/usage/sweeper.ts'
import type { SimDatabase } from './database.ts'
import { createPool } from './database-pool.ts'
import { type Disk, SimJournal } from './disk.ts'
import type { Machine, Network } from './network.ts'
import type { SimPolicy } from './policy.ts'
import type { Random } from './random.ts'
import type { Owner, Scheduler } from './scheduler.ts'
import { StoreClient } from './store-client.ts'
import type { StoreServer } from './store-server.ts'

/** What all processes of one world stand on. */
export interface Ground {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly storeLink: Network
  readonly storeMachine: Machine
  readonly server: StoreServer
  readonly database: SimDatabase
  readonly databaseLink: Network
  readonly disk: Disk
  readonly policy: SimPolicy
  readonly observer: Observer
  readonly windowMs: Lengths
  /** Milliseconds that a process's clock is off. */
  readonly skewOf: (owner: Owner) => number
}

/** How long the windows of quotas are. */
export interface Lengths {
  readonly hour: number
  readonly day: number
  readonly month: number
}

export interface Timing {
  /** Envoy refuses when nothing was heard by then; when the head of an answer was, it waits for the rest until `heldMs`. */
  readonly checkMs: number
  readonly heldMs: number
  readonly reservationMs: number
  readonly periodicMs: number
  readonly flushMs: number
}

/** Everything much shorter than in earnest, in the proportions that the rules ask for. */
export const timing: Timing = { checkMs: 200, heldMs: 1_200, reservationMs: 8_000, periodicMs: 3_000, flushMs: 250 }

export const ticketKey = Buffer.from('simulation')

/** One Tollgate process: the shipped use cases, put together as `src/compose` does, on the ground of a world. */
export class Tollgate {
  readonly owner: Owner
  readonly signer: TicketSigner
  readonly presence: Presence
  readonly #ground: Ground
  readonly #store: StoreClient
  readonly #authorize: Authorize
  readonly #report: (entries: readonly AccessLogEntry[]) => Promise<void>
  readonly #replay: Replay
  readonly #keep: (report: Report) => void
  readonly #holds: Holds
  readonly #start: () => void

  constructor(ground: Ground, owner: Owner, roles: { readonly ledger: boolean; readonly sweeper: boolean }) {
    const { scheduler, random, observer, policy } = ground
    const localMs = (): number => Math.floor(scheduler.nowMs + ground.skewOf(owner))
    const { storeLink: network, storeMachine: machine, server } = ground
    const store = new StoreClient({ network, machine, server, localMs })
    this.owner = owner
    this.#ground = ground
    this.#store = store
    this.signer = createTicketSigner(ticketKey)
    const sizes = createMemorySizeCatalogue(100)
    const books = createPostgresLedgerStore({ pool: createPool(ground.database, ground.databaseLink), observer })
    const ledger = createLedger({
      ...{ stream: store, store: books, seedStore: store, observer },
      settings: { ...ledgerDefaults, nowMs: localMs, idleMs: 600, batchMax: 5, keepMs: 3_000, trimEveryMs: 1_500 },
    })
    const nowMs = (): number => store.nowMs()
    const seed = createSeeder({ store: books, seedStore: store, drain: ledger.drain, nowMs, observer, inFlightMax: 20 })
    this.presence = createPresence({
      ...{ roll: store, observer, id: `${owner.name} ${scheduler.steps}` },
      ...{ nowMs: () => scheduler.nowMs, everyMs: 500 },
    })
    const sweeper = createSweeper({
      ...{ expire: (sweep) => store.expire(sweep), nowMs, observer, everyMs: 1_000, countMax: 50 },
      brokeAtMs: async () => {
        await this.presence.refresh()
        return this.presence.brokeAtMs()
      },
    })
    const journal = new SimJournal({ scheduler, disk: ground.disk, owner })
    const report = (given: Parameters<StoreClient['report']>[0]) => store.report(given)
    this.#replay = new Replay({ journal: journal.asJournal(), report, storeNowMs: nowMs, nowMs: localMs, observer })
    const spool: Spool = {
      add: (given, hold) => {
        const isKept = journal.append(encodeSpooled({ report: given, sinceMs: localMs(), ...hold }))
        if (isKept) this.#replay.added()
        return isKept
      },
      accepts: () => true,
      size: () => this.#replay.size,
      stop: async () => {},
    }
    const away = createWithoutStore({
      ...{ spool, processes: () => this.presence.processes(), nowMs, observer },
      openLocal: () => createLocalStore({ nowMs, observer }),
    })
    this.#keep = (given) => {
      away.reported(given)
      spool.add(given)
    }
    this.#holds = createHolds(observer)
    const slots = createSlotQueue((callback, intervalMs) => {
      const timer = setInterval(callback, intervalMs)
      return () => clearInterval(timer)
    })
    const told = tellReleases(store, slots)
    const windowsAt = windowsOf(ground.windowMs)
    const mint = createReservationIds((count) => random.bytes(count))
    this.#authorize = createAuthorize({
      ...{
        policy,
        store: told,
        slots,
        sizes,
        heats: { heatOf: () => 'normal' },
        downloads: noDownloads,
        indexSeen: () => {},
      },
      admit: createAdmit({ store: told, seed, away, observer }),
      readStatus: createReadStatus({ look: createLook({ store, seed }), windowsAt }),
      ...{ signer: this.signer, answers: { askAt: '', docsBase: '', nowMs: localMs }, credentialOf: () => undefined },
      ...{ windowsAt, observer, nowMs: localMs, reservationMs: timing.reservationMs },
      ...{ mintId: mint, seats: createSeats({ processMax: 100, perAccountMax: 10, observer }) },
    })
    this.#report = createReport({
      ...{ store: told, keep: this.#keep, signer: this.signer, sizes, downloads: noDownloads, observer },
      reservationMs: timing.reservationMs,
    })
    const adopt = (): void => {
      const records = journal.adopt()
      if (records > 0) this.#replay.adopted(records)
    }
    this.#start = () => {
      adopt()
      setInterval(adopt, 3_000)
      void this.presence.start()
      if (roles.ledger) ledger.start()
      if (roles.sweeper) sweeper.start()
    }
  }

  start(): void {
    this.#start()
  }

  /** How many reports wait on this process's disk. */
  get waiting(): number {
    return this.#replay.size
  }

  /** Answers as the gRPC service does: in time, or refused; what reached nobody is given back. */
  check(facts: RequestFacts, caller: Pick<Call, 'startAnswer' | 'onLeft'>): Promise<Decided> {
    const { scheduler, skewOf, observer } = this.#ground
    const nowMs = (): number => Math.floor(scheduler.nowMs + skewOf(this.owner))
    const startedMs = nowMs()
    const call = { ...caller, headByMs: startedMs + timing.checkMs, deadlineMs: startedMs + timing.heldMs }
    return decideInTime({
      ...{ decide: (bounds) => this.#authorize(facts, bounds), call, holds: this.#holds, nowMs },
      deadlineAfter: (now, isHeadSent) => {
        const leftMs = Math.max(0, Math.min((isHeadSent ? call.deadlineMs : call.headByMs) - now, timing.checkMs))
        return now + leftMs - Math.min(20, leftMs / 4)
      },
      ...{ onHeld: () => {}, onSettled: () => {} },
      onUndelivered: (decision) => this.#giveBack(decision),
      onFailed: (error) => observer.warn('check_failed', { error }),
    })
  }

  /** What an access-log stream brings. */
  log(entries: readonly AccessLogEntry[]): Promise<void> {
    return this.#report(entries)
  }

  #giveBack(decision: Decision): void {
    const text = decision.metadata['ticket']
    const ticket = text === undefined ? undefined : this.signer.open(text, this.#store.nowMs())
    if (typeof ticket === 'object') this.#keep(refundOf(ticket, this.#store.nowMs()))
  }
}

const noDownloads = { lastOf: () => undefined, remember: () => {}, forget: () => {} }

/** Windows that follow each other without gap, short enough to end within a run. */
function windowsOf(lengths: Lengths): WindowsAt {
  return (nowMs, kind) => {
    const length = kind === 'hour' || kind === 'month' ? lengths[kind] : lengths.day
    const startMs = Math.floor(nowMs / length) * length
    const range = (from: number): TimeRange => ({ startMs: from, endMs: from + length })
    return { current: range(startMs), next: range(startMs + length) }
  }
}
