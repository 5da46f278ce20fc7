import type { Observer } from '../telemetry/observer.ts'

const saidMax = 20

/** Why there is no connection to a server, in the words of who refused it. Says each reason in the log once until there is a connection. */
export class ConnectTrouble {
  readonly #where: string
  readonly #observer: Observer
  readonly #said = new Set<string>()
  #reason: string | undefined

  /** `where`: `host:port` or a socket's path, never the URL: that may hold a password. */
  constructor(where: string, observer: Observer) {
    this.#where = where
    this.#observer = observer
  }

  /** A connection could not be made or broke. */
  failed(error: unknown): void {
    this.keep(error)
    const reason = this.#reason ?? ''
    if (this.#said.has(reason) || this.#said.size >= saidMax) return
    this.#said.add(reason)
    this.#observer.warn('redis_not_connected', { server: this.#where, reason })
  }

  /** The same where somebody else says it in the log. */
  keep(error: unknown): void {
    this.#reason = reasonOf(error)
  }

  ended(): void {
    this.#reason = undefined
    this.#said.clear()
  }

  /** The sentence with the reason behind it, where there is one. */
  after(sentence: string): string {
    return this.#reason === undefined ? sentence : `${sentence}: ${this.#where} says: ${this.#reason}`
  }
}

/** What an error says in one line; a host with several addresses fails with one error for each. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
