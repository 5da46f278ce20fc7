import { randomBytes } from 'node:crypto'
import { createAdmit } from '../check/admit.ts'
import type { AnswerContext } from '../check/answers.ts'
import { type Authorize, createAuthorize } from '../check/authorize.ts'
import type { WindowsAt } from '../check/lines.ts'
import { createLook } from '../check/look.ts'
import type { HeatSource, PolicySource, Seeder, SizeCatalogue, SpendStore } from '../check/ports.ts'
import { createReservationIds } from '../check/reservation-id.ts'
import { createReadStatus } from '../check/status.ts'
import type { TicketSigner } from '../check/ticket.ts'
import type { Report } from '../core/charge.ts'
import { type WindowMemo, windowsAt } from '../core/quota-window.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'

/** Older than this, a snapshot may lack a token that was issued meanwhile. */
const freshMsMax = 5_000

/** Until the ledger tells what is in demand. */
export const allNormal: HeatSource = { heatOf: () => 'normal' }

export interface CheckRoom {
  readonly settings: Settings
  /** The value behind an upstream's credential reference, from memory. */
  readonly credentialOf: (reference: string) => string | undefined
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly sizes: SizeCatalogue
  readonly seed: Seeder
  readonly signer: TicketSigner
  readonly observer: Observer
  readonly giveBack: (refund: Report) => void
}

export function createCheckRoom(room: CheckRoom): Authorize {
  const { settings, store, observer, seed } = room
  const look = createLook({ store, seed })
  const windows = createWindows()
  return createAuthorize({
    ...room,
    heats: allNormal,
    admit: createAdmit({ store, seed, observer }),
    readStatus: createReadStatus({ look, windowsAt: windows }),
    answers: answersOf(settings),
    windowsAt: windows,
    nowMs: Date.now,
    mintId: createReservationIds(randomBytes),
    reservationMs: settings.TOLLGATE_RESERVATION_MS,
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
