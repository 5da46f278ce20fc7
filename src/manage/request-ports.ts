import type { LimitRule, WindowKind } from '../core/limit.ts'
import type { CountedQuantity } from '../core/quantity.ts'
import type { SubjectKind } from '../core/subject.ts'
import type { PagePlace, Placed } from './ports.ts'

/** Whom a limit is raised for: one account, each of a project, or each of a department. */
export interface Beneficiary {
  readonly kind: 'account' | 'project' | 'department'
  readonly id: string
}

/** One row of `quota_request`. Amounts are decimal text in the unit of `limit_rule.amount`, without needless decimals. */
export interface QuotaRequest {
  readonly id: string
  readonly askedBy: string
  readonly limitName: string
  readonly for: Beneficiary
  readonly amount: string
  /** What it is an amount of; absent: the limit is gone. */
  readonly counts?: CountedQuantity
  /** Until when more is asked. */
  readonly endsAtMs: number
  /** In the asker's words: whoever shows it escapes it. */
  readonly reason: string
  readonly state: 'open' | 'approved' | 'declined' | 'withdrawn' | 'expired'
  readonly askedAtMs: number
  /** Absent while open, and when the operator decided. */
  readonly decidedBy?: string
  readonly decidedAtMs?: number
  readonly decisionNote: string
  /** What an approval made. */
  readonly grantId?: string
  /** What it gave, and until when: less than was asked, perhaps, and over since, perhaps. */
  readonly granted?: { readonly amount: string; readonly endsAtMs: number }
}

/** One row of `grant`. */
export interface ListedGrant {
  readonly id: string
  readonly kind: 'raise' | 'pack'
  readonly limitName: string
  readonly for: Beneficiary
  readonly amount: string
  /** What it is an amount of; absent: the limit is gone. */
  readonly counts?: CountedQuantity
  /** Of a pack: what went of it in windows that are over. */
  readonly spent: string
  readonly startsAtMs: number
  readonly endsAtMs: number
  /** Judged by the database's clock. */
  readonly state: 'coming' | 'running' | 'ended'
  readonly note: string
}

/** An account as far as it asks and decides. */
export interface Person {
  readonly id: string
  readonly role: 'member' | 'lead' | 'admin'
  readonly project: string
  /** Of its project. */
  readonly department: string
  readonly isDisabled: boolean
  readonly timeZone: string
  readonly plan: string
  /** Of its plan. */
  readonly bridgePercent: number
}

/** Where in the organisation more would go. */
export interface Place {
  /** Absent of a department. */
  readonly project?: string
  readonly department: string
}

/** The row of `limit_rule` that holds for whom more is asked; of a project or department the widest of its people's. */
export interface AskedLimit {
  readonly rule: string
  readonly kind: 'rate' | 'quota' | 'concurrency'
  readonly counts: CountedQuantity
  readonly per: SubjectKind
  readonly surface: LimitRule['surface']
  /** In the unit of SQL. */
  readonly amount: string
  readonly isShadow: boolean
  readonly window?: WindowKind
  readonly timeZone?: string
}

/** A request with what a decision rests on, read under the locks that keep it so until the decision is written. */
export interface RequestFacts {
  readonly request: QuotaRequest
  /** The project that it is for, or that the account it is for is in now. */
  readonly project?: string
  /** That the asker is in now. */
  readonly askersProject: string
  /** Absent when the limit is gone, or no longer one of theirs. */
  readonly limit?: AskedLimit
  /** The database's. */
  readonly nowMs: number
}

export interface DecisionFacts extends RequestFacts {
  /** Absent: the operator. */
  readonly decider?: Person
  /** Of the limit's quantity, what leads granted to accounts of the project and is still running, in the unit of SQL. */
  readonly promised: string
}

/** How a request ends. */
export type RequestEnd =
  | { readonly state: 'approved'; readonly amount: string; readonly endsAtMs: number; readonly note: string }
  | { readonly state: 'declined'; readonly note: string }
  | { readonly state: 'withdrawn' }

/** Who writes, for the audit; absent: the operator, whom the database knows by the name of its session. */
export interface By {
  readonly by?: string
}

export interface NewRequest extends By {
  readonly id: string
  readonly askedBy: string
  readonly limitName: string
  readonly for: Beneficiary
  readonly amount: string
  readonly endsAtMs: number
  readonly reason: string
}

/** How many requests somebody has. */
export interface OtherRequests {
  readonly open: number
  /** Asked within 24 hours, whatever became of them. */
  readonly today: number
}

export interface NewGrant extends By {
  readonly id: string
  readonly limitName: string
  readonly for: Beneficiary
  readonly amount: string
  readonly endsAtMs: number
  readonly note: string
}

/** Only what this account may see, or, when a project is named, who answers for that project. */
export interface Visible {
  readonly account: string
  readonly project?: string
}

/** Which rows a page has: those that match all that is set, the newest first. */
export interface RequestPage {
  readonly state?: QuotaRequest['state'] | undefined
  /** For it, or for or by an account of it. */
  readonly project?: string | undefined
  /** For it or by it. */
  readonly account?: string | undefined
  readonly visible?: Visible | undefined
  readonly after?: PagePlace | undefined
  readonly countMax: number
}

export interface GrantPage {
  readonly state?: ListedGrant['state'] | undefined
  /** To it or to an account of it. */
  readonly project?: string | undefined
  /** To it, to its project or to its department. */
  readonly account?: string | undefined
  readonly visible?: Visible | undefined
  readonly after?: PagePlace | undefined
  readonly countMax: number
}

/** A decision link as it is kept: its secret is only in the mail. */
export interface KeptLink {
  /** SHA-256 of the secret, lower-case hex. */
  readonly digest: string
  readonly request: string
  readonly decider: string
  readonly lifetimeMs: number
}

/**
 * Requests and grants. Each write is one transaction with the events that tell of it, in the name of `by`. A `judge` is asked inside the
 * transaction and throws a `Fault` to stop it. Faults: as `Directory` has them, `conflict` for an id that is taken.
 */
export interface Requests {
  person(account: string): Promise<Person | undefined>
  /** Undefined: there is no such thing. */
  placeOf(beneficiary: Beneficiary): Promise<Place | undefined>
  limitOf(name: string, beneficiary: Beneficiary): Promise<AskedLimit | undefined>
  request(id: string): Promise<RequestFacts | undefined>
  /** At most `countMax`. */
  requests(page: RequestPage): Promise<readonly Placed<QuotaRequest>[]>
  /** The judge is told of the asker's others; none of them is written meanwhile. */
  ask(request: NewRequest, judge: (others: OtherRequests) => void): Promise<QuotaRequest>
  /** Undefined: no such request. `link`: decides by this link only, in the name of whom it was made for, and uses it up; undefined also when it does not count. */
  end(
    wanted: (By & { readonly id: string }) | { readonly link: string },
    judge: (facts: DecisionFacts) => RequestEnd,
  ): Promise<QuotaRequest | undefined>
  grants(page: GrantPage): Promise<readonly Placed<ListedGrant>[]>
  grant(id: string): Promise<ListedGrant | undefined>
  addGrant(grant: NewGrant): Promise<ListedGrant>
  /** Ends now what has not ended. Undefined: no such grant. */
  endGrant(wanted: By & { readonly id: string }): Promise<ListedGrant | undefined>
  /** Answers when it ends. */
  addLink(link: KeptLink): Promise<number>
  /** What a link that counts leads to, read only. */
  link(digest: string): Promise<DecisionFacts | undefined>
}

/** What is left: of a project's budget, and of one limit. */
export interface ProjectBudget {
  /**
   * The smallest rest of the quotas that the project has of this quantity and surface, in code units, 0 or more, as the account has them.
   * Undefined: it has none. Throws a `Fault` of code `store_unavailable` when nobody can say, `not_found` for an account that is not in force.
   */
  remaining(wanted: {
    readonly account: string
    /** That the account is in: the policy in force here may not know yet that it moved. */
    readonly project: string
    readonly counts: CountedQuantity
    readonly surface: LimitRule['surface']
  }): Promise<number | undefined>
  /**
   * How the limit of this row stands for the account, in code units. Undefined: it has no such limit, or the counter is not known yet. Faults as
   * of `remaining`.
   */
  standing(wanted: {
    readonly account: string
    readonly rule: string
  }): Promise<{ readonly amount: number; readonly used: number } | undefined>
}

/** What the use cases of requests and grants are given. */
export interface RequestTools {
  readonly requests: Requests
  readonly budget: ProjectBudget
  /** Cryptographic randomness. */
  readonly randomBytes: (count: number) => Uint8Array
  readonly nowMs: () => number
}
