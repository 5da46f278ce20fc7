import pg from 'pg'
import { Fault } from '../core/fault.ts'

interface Sentence {
  readonly says: (place: Place) => string
  /** Only these pass without somebody mending the settings or the server. */
  readonly transient: boolean
}

interface Place {
  readonly server: string
  readonly user: string
  readonly database: string
  /** What PostgreSQL or the network said, with its code. */
  readonly reason: string
}

const wrongUser: Sentence = {
  says: ({ server, user, database, reason }) =>
    `PostgreSQL at ${server} does not let the user ${user} into the database ${database}: look at the user and password in DATABASE_URL (${reason})`,
  transient: false,
}
const noTables: Sentence = {
  says: ({ server, database, reason }) =>
    `The database ${database} at ${server} has not all tables of this release: run tollgate migrate (${reason})`,
  transient: true,
}
const away: Sentence = {
  says: ({ server, database, reason }) =>
    `PostgreSQL at ${server} does not answer for the database ${database} (${reason})`,
  transient: true,
}
const refused: Sentence = {
  says: ({ server, database, reason }) => `PostgreSQL at ${server} fails in the database ${database} (${reason})`,
  transient: true,
}

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const sentences: Readonly<Record<string, Sentence>> = {
  '28P01': wrongUser,
  '28000': wrongUser,
  '3D000': {
    says: ({ server, database, reason }) =>
      `PostgreSQL at ${server} has no database ${database}: create it, or look at DATABASE_URL (${reason})`,
    transient: false,
  },
  '3F000': noTables,
  '42P01': noTables,
  '42703': noTables,
}

/**
 * What went wrong between Tollgate and PostgreSQL as a `Fault` of code `policy_unavailable`: names server and database, never the password.
 * Not transient when only somebody can mend it: a wrong user, password or database name. A `Fault` is answered as it is.
 */
export function databaseFault(cause: unknown, config: string | pg.ClientConfig): Fault {
  if (cause instanceof Fault) return cause
  const { host, port, user, database } = new pg.Client(
    typeof config === 'string' ? { connectionString: config } : config,
  )
  const place = {
    server: `${host}:${port}`,
    user: user ?? 'unknown',
    database: database ?? 'unknown',
    reason: reasonOf(cause),
  }
  const { says, transient } = sentenceOf(cause)
  return new Fault('policy_unavailable', says(place), { cause, transient })
}

/**
 * Work on tables of policy, with what goes wrong as a `Fault`: `conflict` for a row of that name, `not_valid` for another rule of the schema
 * that refuses (its name is in the message), else as `databaseFault` has it.
 */
export async function asPolicyFault<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = cause instanceof pg.DatabaseError ? (cause.code ?? '') : ''
    if (cause instanceof pg.DatabaseError && code.startsWith('23')) {
      const kind = code === '23505' ? 'conflict' : 'not_valid'
      throw new Fault(kind, `The database refuses this: ${cause.message}`, { cause })
    }
    // A value that no rule of ours had caught.
    if (code.startsWith('22')) throw new Fault('internal', 'The database could not answer', { cause })
    throw databaseFault(cause, pool.options)
  }
}

function sentenceOf(cause: unknown): Sentence {
  // The library's own words for a URL without a password where the server asks for one.
  if (!(cause instanceof pg.DatabaseError)) return /password must be a/.test(reasonOf(cause)) ? wrongUser : away
  const code = cause.code ?? ''
  // Connection exceptions, lack of resources, shutting down.
  return sentences[code] ?? (/^(08|53|57)/.test(code) ? away : refused)
}

function reasonOf(cause: unknown): string {
  if (cause instanceof pg.DatabaseError) return `${cause.code ?? 'no SQLSTATE'}: ${cause.message}`
  // A name with several addresses fails once for each, and the whole has no message.
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join(', ')
  return cause instanceof Error ? cause.message : String(cause)
}
