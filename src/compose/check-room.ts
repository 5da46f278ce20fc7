import { randomBytes } from 'node:crypto'
import { createAdmit } from '../check/admit.ts'
import type { AnswerContext } from '../check/answers.ts'
import { type Authorize, createAuthorize } from '../check/authorize.ts'
import type { WindowsAt } from '../check/lines.ts'
import { createLook } from '../check/look.ts'
import type { HeatSource, PolicySource, Seeder, SpendStore } from '../check/ports.ts'
import { createReservationIds } from '../check/reservation-id.ts'
import { createSeats } from '../check/seats.ts'
import type { SlotQueue } from '../check/slot-queue.ts'
import { createReadStatus } from '../check/status.ts'
import type { OnRefused } from '../check/tell-refused.ts'
import type { TicketSigner } from '../check/ticket.ts'
import type { WithoutStore } from '../check/without-store.ts'
import { type WindowMemo, windowsAt } from '../core/quota-window.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Learning } from './learning.ts'

/** Older than this, a snapshot may lack a token that was issued meanwhile. */
const freshMsMax = 5_000

export interface CheckRoom {
  readonly settings: Settings
  /** The value behind an upstream's credential reference, from memory. */
  readonly credentialOf: (reference: string) => string | undefined
  readonly policy: PolicySource
  readonly heats: HeatSource
  readonly store: SpendStore
  readonly learning: Learning
  readonly seed: Seeder
  readonly signer: TicketSigner
  readonly slots: SlotQueue
  readonly observer: Observer
  readonly away: WithoutStore
  readonly onRefused?: OnRefused
}

export function createCheckRoom(room: CheckRoom): Authorize {
  const { settings, store, observer, seed, away } = room
  const look = createLook({ store, seed })
  const windows = createWindows()
  return createAuthorize({
    ...room,
    ...room.learning,
    admit: createAdmit({ store, seed, away, observer }),
    readStatus: createReadStatus({ look, windowsAt: windows }),
    answers: answersOf(settings),
    windowsAt: windows,
    nowMs: Date.now,
    mintId: createReservationIds(randomBytes),
    reservationMs: settings.TOLLGATE_RESERVATION_MS,
    seats: createSeats({
      processMax: settings.TOLLGATE_HELD_MAX,
      perAccountMax: settings.TOLLGATE_HELD_PER_ACCOUNT_MAX,
      observer,
    }),
  })
}

export function answersOf(settings: Settings): AnswerContext {
  return { askAt: settings.TOLLGATE_ASK_AT, docsBase: settings.TOLLGATE_DOCS_BASE, nowMs: Date.now }
}

export function createWindows(): WindowsAt {
  const memo: WindowMemo = new Map()
  return (nowMs, window, timeZone) => windowsAt(nowMs, { window, timeZone }, memo)
}

export function sourceOf(keeper: PolicyKeeper): PolicySource {
  return {
    current: () => keeper.current(),
    isFresh: () => (keeper.status().ageMs ?? Number.POSITIVE_INFINITY) <= freshMsMax,
  }
}
