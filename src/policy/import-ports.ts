import type { RateUnit } from '../core/descriptor-rule.ts'
import type { Fault } from '../core/fault.ts'
import type { Posture } from '../core/limit.ts'

/** One entry of a path as `descriptor_limit.entries` holds it. */
export interface StepRow {
  readonly key: string
  readonly value?: string
  readonly regex?: string
  readonly cidr?: string
  readonly share_threshold?: boolean
  readonly value_to_metric?: boolean
}

/** A row of `descriptor_limit`; null as in SQL. Not validated: what is quarantined is read too. */
export interface LimitRow {
  readonly id: string
  readonly domain: string
  readonly entries: readonly StepRow[]
  readonly position: number
  readonly name: string | null
  readonly kind: 'window' | 'rate' | 'concurrency' | 'unlimited' | 'none'
  readonly amount: number | null
  readonly unit: RateUnit | null
  readonly units: number | null
  readonly time_zone: string | null
  readonly burst: number | null
  readonly held_seconds: number | null
  readonly replaces: readonly string[]
  readonly shadow: boolean
  readonly quota_mode: boolean
  readonly detailed_metric: boolean
  readonly charges_refused: boolean | null
  readonly posture: Posture | null
  readonly note: string
}

/** What of `descriptor_domain` imports care about. */
export interface DomainRow {
  readonly id: string
  readonly counting: 'all_or_nothing' | 'each'
  readonly charges_refused: boolean
}

/** Rows of the two tables, by id. */
export interface DescriptorRows {
  readonly domains: readonly DomainRow[]
  readonly limits: readonly LimitRow[]
}

/** What one import writes. Domains that are new take the table's defaults for what is not named. */
export interface DescriptorWrite {
  readonly newDomains: readonly Partial<DomainRow>[]
  readonly changedDomains: readonly DomainRow[]
  readonly added: readonly LimitRow[]
  readonly changed: readonly LimitRow[]
  readonly removed: readonly string[]
}

/**
 * The rows of descriptors in the database. Faults: `policy_unavailable`; `not_valid` and `conflict` when a rule of the database refuses, with
 * its name in the message.
 */
export interface DescriptorStore {
  /** As of one instant. */
  read(): Promise<DescriptorRows>
  /**
   * One transaction in which nobody else writes these tables: hands over the rows, writes what `decide` answers (undefined: nothing), and
   * answers it. Nothing is written when it throws. The audit names the database session's user, as it does for whatever operators write.
   */
  change<Plan extends DescriptorWrite | undefined>(decide: (rows: DescriptorRows) => Plan): Promise<Plan>
}

/** A file to be imported. */
export interface SourceFile {
  /** As people named it, for messages. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Where files to be imported are. Faults: `not_found` for a path that is not there or cannot be read, `not_valid` beyond the bounds: 1,000
 * files, 8 MB of one, 32 MB together.
 */
export interface SourceFiles {
  /** Files as they are named; of a folder those in it that end in .yaml or .yml, by name, without hidden ones; `-` is the standard input. */
  read(paths: readonly string[]): Promise<readonly SourceFile[]>
  /** Writes files whose names are without folders, each whole or not at all; answers their paths. Makes the folder if need be. */
  write(folder: string, files: readonly { readonly name: string; readonly text: string }[]): Promise<readonly string[]>
  /**
   * What `read` answers for a folder, or its fault: now, and again whenever something in it may have changed, until `ended`. Also when nothing
   * has changed, after some seconds.
   */
  watch(folder: string, ended: AbortSignal): AsyncIterable<readonly SourceFile[] | Fault>
}
