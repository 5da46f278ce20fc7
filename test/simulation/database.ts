import { DatabaseError } from 'pg'
import { ledgerQueries } from '../../src/postgres/ledger-queries.ts'
import { type AskedCounter, type Books, type EntryRow, keptKey, mergeBatch, usedBy } from './booking.ts'
import type { Machine } from './network.ts'
import type { Owner, Scheduler } from './scheduler.ts'

interface Partition extends Books {
  /** Undefined: no row; null: a row that says nothing yet. */
  checkpoint: { readonly epoch: string; readonly position: string } | null | undefined
  version: number
}

export interface Session {
  readonly owner: Owner
  transaction: Transaction | undefined
  isDead: boolean
}

interface Transaction {
  /** Done to a copy for this transaction's own eyes, and to the books at COMMIT. */
  readonly steps: ((books: (partition: number) => Partition) => void)[]
  readonly seen: Map<number, Partition>
  readonly locked: Set<number>
  lastMs: number
}

interface Waiter {
  readonly session: Session
  readonly go: () => void
}

export type Rows = readonly Readonly<Record<string, unknown>>[]

const lockMs = 2_000
const idleMs = 5_000

/**
 * PostgreSQL as the ledger needs it: statements are atomic, what a transaction writes is seen by others at its COMMIT or never, a locked
 * checkpoint makes others wait, and a session whose client is gone rolls back. The statements are those of the shipped adapter, known by
 * their text; what they do is in `booking.ts`.
 */
export class SimDatabase {
  readonly machine: Machine
  readonly #scheduler: Scheduler
  readonly #partitions = new Map<number, Partition>()
  readonly #locks = new Map<number, Session>()
  readonly #waiters = new Map<number, Waiter[]>()
  readonly #sessions = new Set<Session>()
  clamps = 0
  /** How often a checkpoint went back within its epoch. */
  steppedBack = 0

  constructor(parts: { readonly machine: Machine; readonly scheduler: Scheduler }) {
    this.machine = parts.machine
    this.#scheduler = parts.scheduler
  }

  /** What is committed. */
  books(partition: number): Partition {
    let books = this.#partitions.get(partition)
    if (books === undefined) {
      books = { rows: new Map(), kept: new Map(), checkpoint: undefined, version: 0 }
      this.#partitions.set(partition, books)
    }
    return books
  }

  partitions = (): readonly number[] => [...this.#partitions.keys()]

  /** Sessions of a killed process roll back as soon as the server notices. */
  drop(owner: Owner): void {
    for (const session of this.#sessions) if (session.owner === owner) this.#end(session)
  }

  /** Every session is cut, as when the server restarts. */
  cut(): void {
    for (const session of this.#sessions) this.#end(session)
  }

  open(owner: Owner): Session {
    const session: Session = { owner, transaction: undefined, isDead: false }
    this.#sessions.add(session)
    return session
  }

  close(session: Session): void {
    this.#sessions.delete(session)
  }

  /** One statement; a promise where it waits for a lock. */
  execute(session: Session, text: string, values: readonly unknown[]): Rows | Promise<Rows> {
    if (session.isDead) throw new Error('The connection is closed')
    if (session.transaction) session.transaction.lastMs = this.#scheduler.nowMs
    if (text.startsWith('BEGIN')) return this.#begin(session)
    if (text === 'COMMIT') return this.#commit(session)
    if (text === 'ROLLBACK') return this.#rollBack(session)
    const run = () => this.#run(session, text, values)
    const partition = Number(values[0])
    const isLocking = text === ledgerQueries.lock || text === ledgerQueries.add || text === ledgerQueries.move
    if (!isLocking) return run()
    // No row, nothing to lock.
    if (text === ledgerQueries.lock && this.#seen(session, partition).checkpoint === undefined) return []
    return this.#locked(session, partition, run)
  }

  #run(session: Session, text: string, values: readonly unknown[]): Rows {
    const partition = Number(values[0])
    switch (text) {
      case ledgerQueries.lock: {
        const { checkpoint } = this.#seen(session, partition)
        return [{ epoch: checkpoint?.epoch ?? null, position: checkpoint?.position ?? null }]
      }
      case ledgerQueries.add:
        return this.#write(session, (books) => {
          books(partition).checkpoint ??= null
        })
      case ledgerQueries.merge: {
        const batch = JSON.parse(String(values[1])) as EntryRow[]
        return this.#write(session, (books) => {
          this.clamps += mergeBatch(books(partition), batch)
        })
      }
      case ledgerQueries.move:
        return this.#write(session, (books) => {
          const book = books(partition)
          const [, epoch, position] = values
          const before = book.checkpoint
          if (before?.epoch === epoch && Number(before?.position) > Number(position)) this.steppedBack += 1
          book.checkpoint = { epoch: String(epoch), position: String(position) }
          book.version += 1
        })
      case ledgerQueries.figures:
        return this.#figures(session, values)
      case ledgerQueries.hold:
        return this.#hold(session, partition)
      case ledgerQueries.keep:
        return this.#keep(session, values)
      case ledgerQueries.checkpoints:
        return this.#checkpoints()
      default:
        return []
    }
  }

  #begin(session: Session): Rows {
    const transaction: Transaction = {
      steps: [],
      seen: new Map(),
      locked: new Set(),
      lastMs: this.#scheduler.nowMs,
    }
    session.transaction = transaction
    const watch = (): void => {
      if (session.transaction !== transaction) return
      const leftMs = transaction.lastMs + idleMs - this.#scheduler.nowMs
      if (leftMs <= 0) this.#end(session)
      else this.#scheduler.after(leftMs, this.machine.owner, watch)
    }
    this.#scheduler.after(idleMs, this.machine.owner, watch)
    return []
  }

  #commit(session: Session): Rows {
    for (const step of session.transaction?.steps ?? []) step((partition) => this.books(partition))
    return this.#rollBack(session)
  }

  #rollBack(session: Session): Rows {
    const locked = session.transaction?.locked ?? []
    session.transaction = undefined
    for (const partition of locked) this.#unlock(partition)
    return []
  }

  #end(session: Session): void {
    session.isDead = true
    this.#sessions.delete(session)
    this.#rollBack(session)
  }

  /** The books as a transaction sees them: committed, and its own. */
  #seen(session: Session, partition: number): Partition {
    return session.transaction?.seen.get(partition) ?? this.books(partition)
  }

  #write(session: Session, step: Transaction['steps'][number]): Rows {
    const { transaction } = session
    if (transaction === undefined) {
      step((partition) => this.books(partition))
      return []
    }
    const { clamps, steppedBack } = this
    step((partition) => {
      let own = transaction.seen.get(partition)
      if (own === undefined) {
        const books = this.books(partition)
        own = { ...books, rows: new Map(books.rows), kept: new Map(books.kept) }
        transaction.seen.set(partition, own)
      }
      return own
    })
    Object.assign(this, { clamps, steppedBack })
    transaction.steps.push(step)
    return []
  }

  #figures(session: Session, [partition, kind, id, asked]: readonly unknown[]): Rows {
    const books = this.#seen(session, Number(partition))
    if (session.transaction && !session.transaction.seen.has(Number(partition))) {
      session.transaction.seen.set(Number(partition), {
        ...books,
        rows: new Map(books.rows),
        kept: new Map(books.kept),
      })
    }
    const head = { epoch: books.checkpoint?.epoch ?? null, position: books.checkpoint?.position ?? null }
    const rows = (JSON.parse(String(asked)) as AskedCounter[]).map((counter) => {
      const { isKept, used } = usedBy(books, `${kind}:${id}`, counter)
      return { ...head, is_kept: isKept, used: String(used) }
    })
    return rows.length === 0 ? [{ ...head, is_kept: false, used: '0' }] : rows
  }

  #hold(session: Session, partition: number): Rows {
    const holder = this.#locks.get(partition)
    if (holder !== undefined && holder !== session) throw databaseError('55P03')
    if (session.transaction?.seen.get(partition)?.version !== this.books(partition).version)
      throw databaseError('40001')
    this.#locks.set(partition, session)
    session.transaction?.locked.add(partition)
    return []
  }

  #keep(session: Session, [partition, kind, id, given]: readonly unknown[]): Rows {
    const subject = `${kind}:${id}`
    const counters = JSON.parse(String(given)) as (AskedCounter & { readonly used: number })[]
    return this.#write(session, (books) => {
      const { kept } = books(Number(partition))
      for (const counter of counters) {
        const key = keptKey(subject, counter)
        if (!kept.has(key)) kept.set(key, { ...counter, subject })
      }
    })
  }

  #checkpoints(): Rows {
    return [...this.#partitions].flatMap(([partition, { checkpoint }]) =>
      checkpoint ? [{ partition, ...checkpoint }] : [],
    )
  }

  #locked(session: Session, partition: number, run: () => Rows): Rows | Promise<Rows> {
    const { transaction } = session
    const holder = this.#locks.get(partition)
    if (holder === undefined || holder === session) {
      if (transaction) {
        this.#locks.set(partition, session)
        transaction.locked.add(partition)
      }
      return run()
    }
    const { promise, resolve, reject } = Promise.withResolvers<Rows>()
    const waiter: Waiter = {
      session,
      go: () => Promise.try(() => this.#locked(session, partition, run)).then(resolve, reject),
    }
    const queue = this.#waiters.get(partition) ?? []
    this.#waiters.set(partition, queue)
    queue.push(waiter)
    this.#scheduler.after(lockMs, this.machine.owner, () => {
      const place = queue.indexOf(waiter)
      if (place < 0) return
      queue.splice(place, 1)
      reject(databaseError('55P03'))
    })
    return promise
  }

  #unlock(partition: number): void {
    this.#locks.delete(partition)
    const queue = this.#waiters.get(partition) ?? []
    while (!this.#locks.has(partition)) {
      const next = queue.shift()
      if (next === undefined) return
      if (!next.session.isDead) next.go()
    }
  }
}

function databaseError(code: string): DatabaseError {
  return Object.assign(new DatabaseError(`SQL state ${code}`, 0, 'error'), { code })
}
