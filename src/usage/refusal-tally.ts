import type { RefusedRequest } from '../core/refused-request.ts'
import type { RefusalCount } from './refusal-ports.ts'

export interface TallyBounds {
  /** Packages and models by account that are told apart in one hour; what comes then is counted without its name. */
  readonly resourcesMax: number
  /** The same of one account. */
  readonly resourcesPerAccountMax: number
  /** Rows that wait to be written. */
  readonly rowsMax: number
}

/** Refusals that wait to be written, added up: bounded whatever callers ask for. Memory only. */
export interface RefusalTally {
  /** False: no room, it is not counted. */
  add(refused: RefusedRequest): boolean
  /** All that wait; they wait no longer. */
  take(): readonly RefusalCount[]
  /** Rows that could not be written; answers how many refusals there is no room for. */
  putBack(rows: readonly RefusalCount[]): number
}

type Waiting = { -readonly [Field in keyof RefusalCount]: RefusalCount[Field] }

const hourMsLong = 3_600_000
const nameLengthMax = 200

export function createRefusalTally(bounds: TallyBounds): RefusalTally {
  const waiting = new Map<string, Waiting>()
  const names = createNames(bounds)

  function merge(row: RefusalCount): boolean {
    const { hourMs, account, surface, resource, limitName, cause } = row
    // Tab: not in any id, name or word.
    const key = `${hourMs}\t${account}\t${surface}\t${cause}\t${limitName}\t${resource}`
    const known = waiting.get(key)
    if (known !== undefined) {
      known.count += row.count
      known.firstAtMs = Math.min(known.firstAtMs, row.firstAtMs)
      known.lastAtMs = Math.max(known.lastAtMs, row.lastAtMs)
      return true
    }
    if (waiting.size >= bounds.rowsMax) return false
    waiting.set(key, { ...row })
    return true
  }

  return {
    add({ principal, surface, resource, refusal, atMs }) {
      const hourMs = Math.floor(atMs / hourMsLong) * hourMsLong
      const account = principal.account.id
      return merge({
        hourMs,
        account,
        project: principal.project.id,
        department: principal.department.id,
        surface,
        resource: resource === '' ? '' : names.keep({ hourMs, account, surface, resource }),
        limitName: refusal.limit?.name ?? '',
        cause: refusal.cause,
        count: 1,
        firstAtMs: atMs,
        lastAtMs: atMs,
      })
    },
    take() {
      const rows = [...waiting.values()]
      waiting.clear()
      return rows
    },
    putBack: (rows) => rows.reduce((lost, row) => (merge(row) ? lost : lost + row.count), 0),
  }
}

/** Callers choose what they ask for, so the table would grow as fast as they can invent names. */
function createNames({ resourcesMax, resourcesPerAccountMax }: TallyBounds) {
  const known = new Map<string, Set<string>>()
  let hour = 0
  let count = 0
  return {
    /** The name, or nothing when there were too many in this hour. */
    keep({
      hourMs,
      account,
      surface,
      resource,
    }: Pick<RefusalCount, 'hourMs' | 'account' | 'surface' | 'resource'>): string {
      if (hourMs > hour) {
        hour = hourMs
        count = 0
        known.clear()
      }
      const name = cleaned(resource)
      const named = `${surface} ${name}`
      const ofAccount = known.get(account)
      if (ofAccount?.has(named)) return name
      if (count >= resourcesMax || (ofAccount?.size ?? 0) >= resourcesPerAccountMax) return ''
      count += 1
      if (ofAccount === undefined) known.set(account, new Set([named]))
      else ofAccount.add(named)
      return name
    },
  }
}

/** As PostgreSQL can keep it. */
function cleaned(resource: string): string {
  return resource
    .slice(0, nameLengthMax)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '?')
}
