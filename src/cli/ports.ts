import type { CountedQuantity, Quantity } from '../core/quantity.ts'
import type { SubjectKind } from '../core/subject.ts'
import type { Examination, ExamineWish } from '../doctor/examine.ts'
import type { PendingReservation } from '../doctor/ports.ts'
import type { AdminTools } from '../manage/admin-ports.ts'
import type { ChannelTools } from '../manage/channel-ports.ts'
import type { PackTools } from '../manage/pack-ports.ts'
import type { ManageTools } from '../manage/ports.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import type { DescriptorStore, SourceFiles } from '../policy/import-ports.ts'
import type { PolicyListing } from '../policy/policy-show.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { UsageReader } from '../usage/ports.ts'
import type { RefusalReader } from '../usage/refusal-ports.ts'
import type { ReportReader } from '../usage/report-ports.ts'

/** One limit as `explain` and `quota status` show it; amounts in code units. */
export interface LimitStanding {
  readonly name: string
  readonly per: SubjectKind
  /** Whose counter: `alice`. */
  readonly subject: string
  readonly kind: 'rate' | 'quota' | 'concurrency'
  readonly counts: CountedQuantity
  /** Absent while nothing is known yet (a cold counter). */
  readonly used?: number
  readonly amount: number
  /** End of a quota's window. */
  readonly resetAtMs?: number
  /** How long a refused request would have to wait; `never`: it asks for more than the limit ever allows. */
  readonly retryAfterMs?: number | 'never'
  readonly timeZone: string
  readonly enforced: boolean
  readonly fits: boolean
  /** Id of the `limit_rule`. */
  readonly rule: string
}

export interface Caller {
  readonly account: string
  readonly project: string
  readonly department: string
  readonly plan: string
  /** Id of the token; absent for anonymous callers. */
  readonly token?: string
}

/** What would happen to a request, and which rows decide. */
export interface Explanation {
  /** Absent: nobody, the reason says why. */
  readonly caller?: Caller
  readonly upstream?: string
  readonly kind?: string
  readonly resource?: string
  readonly file?: string
  /** Id of the `price_rule`; absent when none was reached. */
  readonly price?: string
  /** False: the estimate rests on the size that the price rule assumes, because none was told. */
  readonly isSizeKnown?: boolean
  /** What would be reserved, in code units. */
  readonly estimate?: Readonly<Record<Quantity, number>>
  readonly access?: { readonly effect: 'allow' | 'deny'; readonly reason?: string }
  readonly limits: readonly LimitStanding[]
  readonly verdict: 'allow' | 'throttle' | 'challenge' | 'deny' | 'answer'
  /** A cause of `core/verdict.ts`, `landing`, `status`, `unbooked`, or `ok`. */
  readonly reason: string
  /** The caller's reservations in flight, at most 20, those due first; absent when nobody but the serving process could say. */
  readonly inFlight?: readonly PendingReservation[]
  /** What there is to say about a refusal without a limit: a sentence. */
  readonly because?: string
}

export interface RequestWish {
  /** The token's text; absent: without credentials. */
  readonly token?: string
  readonly method: string
  readonly path: string
  readonly host?: string
  readonly upstream?: string
  readonly address: string
  /** Of the file; absent: what the price rule assumes. */
  readonly sizeBytes?: number
}

export interface QuotaStatus {
  readonly caller: Caller
  readonly limits: readonly LimitStanding[]
}

export interface PolicyProblem {
  readonly table: string
  readonly key: string
  readonly reason: string
  /** What holds instead: the row's last good version, nothing, or a refusal. */
  readonly inForce: string
}

export interface PolicyCheck {
  readonly version: number
  readonly problems: readonly PolicyProblem[]
}

export interface ServeWish {
  readonly roles?: string
  /** 1 when absent: no supervisor. */
  readonly processes?: number
}

export interface EnvoyWish {
  readonly processes: number
  readonly listen: Endpoint
  /** Absent: no admin listener. */
  readonly admin?: Endpoint
  readonly nodeId: string
  /** Certificates of the authorities that vouch for upstreams of `https://`. */
  readonly authoritiesFile: string
  /** With a rate limit filter, whose descriptors lie in this domain. */
  readonly rateLimitDomain?: string
  /** Which request header the values of an entry's key are in. */
  readonly entryHeaders?: ReadonlyMap<string, string>
}

/** An address to listen on. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface EnvoyConfig {
  /** With a reason above each value that is not Envoy's default. */
  readonly yaml: string
  readonly config: unknown
  /** What whoever starts an Envoy with it should know: sentences. */
  readonly notes: readonly string[]
}

/** What the command line can do; each is built when it is first called, and `close` ends what was built. */
export interface CliContext {
  readonly version: string
  write(text: string): void
  writeError(text: string): void
  /** The first line of the standard input. */
  readLine(): Promise<string>
  /** Runs until it is told to stop. */
  serve(options: ServeWish): Promise<void>
  migrate(): Promise<{ readonly applied: readonly string[]; readonly alreadyThere: readonly string[] }>
  seedDemo(): Promise<void>
  seedPlans(): Promise<void>
  packs(): Promise<PackTools>
  channels(): Promise<ChannelTools>
  manage(): Promise<ManageTools>
  requests(): Promise<RequestTools>
  admin(): Promise<AdminTools>
  /** Files that are to be imported; needs no database. */
  importFiles(): Promise<SourceFiles>
  /** Aborted when the process is told to end (SIGTERM, SIGINT); a second time ends it at once. */
  ending(): AbortSignal
  /** Rows of descriptors, to import and export them. */
  descriptors(): Promise<DescriptorStore>
  /** The same of the database as it runs now, which may have moved since it was asked for last. Throws `policy_unavailable` when none runs. */
  latestDescriptors(): Promise<DescriptorStore>
  /** The process's own log, for commands that run until they are told to end. */
  log(): Pick<Observer, 'info' | 'warn'>
  policyCheck(): Promise<PolicyCheck>
  policyShow(): Promise<PolicyListing>
  /** Throws a `Fault` of code `not_found` when there is no such account. */
  quotaStatus(wanted: { readonly account: string }): Promise<QuotaStatus>
  explain(wanted: RequestWish): Promise<Explanation>
  usage(): Promise<UsageReader>
  refusals(): Promise<RefusalReader>
  report(): Promise<ReportReader>
  /** Envoy's bootstrap for the upstreams in the database. Throws a `Fault` when they cannot be told apart. */
  envoyConfig(wanted: EnvoyWish): Promise<EnvoyConfig>
  examine(wanted: ExamineWish): Promise<Examination>
  /** Tells the database that it was restored from a backup. */
  restored(): Promise<{ readonly atMs: number; readonly history: string; readonly version: number }>
  close(): Promise<void>
}
