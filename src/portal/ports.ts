import type { PolicySource } from '../check/ports.ts'
import type { ReadStatus } from '../check/status.ts'
import type { AdminTools } from '../manage/admin-ports.ts'
import type { ChannelTools } from '../manage/channel-ports.ts'
import type { PackTools } from '../manage/pack-ports.ts'
import type { ManageTools, PeopleReader } from '../manage/ports.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { UsageReader } from '../usage/ports.ts'
import type { RefusalReader } from '../usage/refusal-ports.ts'
import type { ProjectUseReader } from '../usage/report-ports.ts'

/** What became of a key that a caller sent along with a write. */
export type KeyState =
  /** Never seen within a day: this caller is to do the work, and to say how it ended. */
  | { readonly kind: 'new' }
  /** Done before: `status` and `body` are what was answered. */
  | { readonly kind: 'done'; readonly status: number; readonly body: string }
  /** The same key came with another request. */
  | { readonly kind: 'other' }
  /** Begun and not ended: at work somewhere, or nobody will ever say. */
  | { readonly kind: 'working'; readonly sinceMs: number }
  /** The caller has as many keys as one may have. */
  | { readonly kind: 'full' }

/** Whose key. */
export interface KeyName {
  readonly caller: string
  readonly key: string
  /** The request that would do the work: an id that no other has. */
  readonly holder: string
}

/**
 * Keys that writes came with, kept for a day. An implementation MUST let exactly one of several concurrent `begin`s of one key answer `new`,
 * and throw a `Fault` of code `policy_unavailable` when it cannot say.
 */
export interface IdempotencyKeys {
  begin(name: KeyName, fingerprint: string): Promise<KeyState>
  end(name: KeyName, answer: { readonly status: number; readonly body: string }): Promise<void>
  /** Nothing was done: the key may be sent again. */
  forget(name: KeyName): Promise<void>
}

/** What the API is built on; every member is of another room. */
export interface PortalTools {
  readonly policy: PolicySource
  readonly readStatus: ReadStatus
  /** The store's clock, by which tokens expire and windows run. */
  readonly storeNowMs: () => number
  /** This machine's clock, epoch ms. */
  readonly nowMs: () => number
  /** Whole milliseconds of a clock that nobody sets. */
  readonly tickMs: () => number
  readonly manage: ManageTools & RequestTools & PackTools & AdminTools & ChannelTools
  readonly people: PeopleReader
  readonly refusals: RefusalReader
  readonly usage: UsageReader
  readonly projectUse: ProjectUseReader
  readonly keys: IdempotencyKeys
  readonly observer: Observer
  /** The one spelling of an address; empty when the text is none. */
  readonly addressOf: (text: string) => string
  /** 128 random bits as text. */
  readonly randomId: () => string
  /** The page that explains refusals, without anchor. */
  readonly docsBase: string
  /** Whom to ask, in a few words. */
  readonly askAt: string
}
