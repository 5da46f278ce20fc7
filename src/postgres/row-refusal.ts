import pg from 'pg'
import { Fault } from '../core/fault.ts'
import { asPolicyFault } from './database-fault.ts'

type Say = (error: pg.DatabaseError) => Fault

/** By SQLSTATE, integrity constraint violations: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const sayings: Readonly<Record<string, Say>> = {
  '23502': (error) => refused(`${error.table ?? 'The row'} must have a value in ${error.column ?? 'every column'}`),
  '23503': (error) => {
    const isReferred = error.detail?.includes('still referenced') ?? false
    return refused(`${error.detail ?? error.message}${named(error)}`, isReferred ? 'conflict' : 'not_valid')
  },
  '23505': (error) => refused(`${error.detail ?? error.message}${named(error)}`, 'conflict'),
  '23514': (error) => refused(isOurs(error) ? `${error.message}${named(error)}` : ruleOf(error)),
}

/** Work on one row of policy: what a rule of the database refuses is a `Fault` in a sentence that names the rule, all else as `asPolicyFault` has it. */
export function asRowFault<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  return asPolicyFault(pool, async () => {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof pg.DatabaseError) throw faultOf(cause) ?? cause
      throw cause
    }
  })
}

function faultOf(error: pg.DatabaseError): Fault | undefined {
  const code = error.code ?? ''
  const say = sayings[code]
  if (say !== undefined) return say(error)
  // Class 22: a value that its type does not take, such as a network with host bits.
  return /^2[23]/.test(code) ? refused(error.message) : undefined
}

/** Triggers of ours raise a sentence of their own; a CHECK says which row of which relation. */
function isOurs({ message }: pg.DatabaseError): boolean {
  return !message.includes('violates check constraint')
}

/** Constraints are named as sentences: `plan_token_days_max_is_1_to_3650`. */
function ruleOf(error: pg.DatabaseError): string {
  return `${(error.constraint ?? 'a rule of the table').replaceAll('_', ' ')}${named(error)}`
}

function named({ constraint }: pg.DatabaseError): string {
  return constraint === undefined ? '' : ` (${constraint})`
}

function refused(sentence: string, code: 'not_valid' | 'conflict' = 'not_valid'): Fault {
  return new Fault(code, `The database refuses this: ${sentence.replace(/\.( \([a-z0-9_]+\))?$/, '$1')}`)
}
