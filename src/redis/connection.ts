import { Command, Redis, type RedisOptions, ReplyError } from 'ioredis'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { Breaker } from './breaker.ts'
import { ConnectTrouble } from './connect-trouble.ts'
import { LoopLoad } from './loop-load.ts'
import type { Script, Scripts } from './scripts.ts'
import { claimFormat, readServerFacts, type ServerFacts } from './server-facts.ts'

/** ioredis's options, whose replies are read in its usual form. */
export type RedisAccess = Omit<RedisOptions, 'replyMapping'>

export interface ConnectionOptions {
  readonly url: string
  readonly redis?: RedisAccess
  /** One that is, and is not said to be, is never used: it would refuse what touches several partitions. */
  readonly isClusterNode?: boolean
  readonly scripts: Scripts
  /** Says how data lies in the store. */
  readonly formatKey: string
  /** Which installation counts here; absent: not known, and another one's data is not recognized. */
  readonly installation?: string
  /** Says nothing of itself in the store: for who only looks. */
  readonly isLookOnly?: boolean
  /** What lies here may be dropped: that it is so is no warning. */
  readonly mayEvict?: boolean
  readonly observer: Observer
  readonly nowMs: () => number
  /** Text that no other connection ever drew. */
  readonly randomText: () => string
  /** Told on each new connection, before the first call: the server's clock, and the local one when it was asked. */
  readonly onTime: (storeMs: number, sentMs: number) => void
}

/** One call of a script. */
export interface Call {
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** The caller's patience; after it the answer is a fault, whatever becomes of the call. */
  readonly waitMs: number
  /**
   * Shorter, for calls that can be done without: so long Redis may be silent altogether while this process has time to listen. Such calls
   * then fail at once until it says something, while others still wait.
   */
  readonly silentMsMax?: number
  /**
   * For calls of little patience: running out of it says something of Redis only when that was silent for so long to all. Once it was, such
   * calls too fail at once until it says something.
   */
  readonly silenceMs?: number
  /** Told the reply when it comes after the fault. */
  readonly onLateReply?: (reply: unknown) => void
}

/** Who asks, as every script wants to know it: the run id of the server this connection leads to, and a text for a new epoch. */
export interface Caller {
  readonly runId: string
  readonly fresh: string
}

const inFlightMax = 8_192
const connectMsMax = 1_000
/** Above it this process is late itself: nothing can be said of Redis. */
const busyShareMax = 0.7
/** A socket that is silent so long with calls under way is given up; the calls themselves were given up long before. */
const silenceMsMax = 2_000

const safeOptions: RedisAccess = {
  lazyConnect: true,
  // A command is sent now or fails now: one that is sent later, or twice, would take hits nobody waits for.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectMsMax,
  socketTimeout: silenceMsMax,
  // The master became a replica: connect anew, to whoever is master now.
  reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
  retryStrategy: (attempt: number): number => Math.min(500, 50 * attempt),
}

/** One connection to a Redis, used only after its server was identified. Every failure is a `Fault` of code `store_unavailable`. */
export class Connection {
  readonly #client: Redis
  readonly #options: ConnectionOptions
  readonly #breaker = new Breaker()
  readonly #load = new LoopLoad()
  readonly #trouble: ConnectTrouble
  #caller: Caller | undefined
  #facts: ServerFacts | undefined
  #refusal: Fault | undefined
  readonly #waiters = new Set<PromiseWithResolvers<void>>()
  #inFlight = 0
  #replies = 0
  /** Since when there are calls under way of which none was answered. */
  #unheardSinceMs: number | undefined
  /** Calls that can be done without need not wait to find out. */
  #isSilent = false
  #isClosed = false
  #isHolding = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#client = new Redis(options.url, { ...options.redis, ...safeOptions })
    const { host, port, path } = this.#client.options
    this.#trouble = new ConnectTrouble(path ?? `${host}:${port}`, options.observer)
    this.#client.on('ready', () => void this.#identify())
    this.#client.on('close', () => {
      this.#caller = undefined
      this.#isSilent = false
    })
    this.#client.on('error', (error) => this.#trouble.failed(error))
    this.#client.connect().catch(() => undefined)
  }

  /** True when calls are possible now. */
  get isReady(): boolean {
    return this.#caller !== undefined && !this.#breaker.isOpen
  }

  /** What the server last connected to said of itself. */
  get facts(): ServerFacts | undefined {
    return this.#facts
  }

  /**
   * Resolves once a server is identified. @throws Fault `store_unavailable` when that takes longer than `waitMs`, `wrong_store_format` when its
   * data lies in another way than this release reads.
   */
  async ready(waitMs: number): Promise<void> {
    if (this.#caller !== undefined) return
    if (this.#refusal !== undefined) throw this.#refusal
    const identified = Promise.withResolvers<void>()
    this.#waiters.add(identified)
    const giveUp = (): void =>
      identified.reject(unavailable(this.#trouble.after(`Redis did not answer within ${waitMs} ms`)))
    const timer = setTimeout(giveUp, waitMs)
    await identified.promise.finally(() => {
      clearTimeout(timer)
      this.#waiters.delete(identified)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#caller = undefined
    this.#client.disconnect()
  }

  /** @throws Fault when there is no identified server. */
  caller(): Caller {
    if (this.#caller === undefined)
      throw unavailable(this.#trouble.after('Redis is not connected'), { cause: this.#refusal })
    return this.#caller
  }

  /** Runs one script by one EVALSHA. @throws Fault `store_unavailable` at the latest after `waitMs`. */
  run(script: Script, call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#admit(call)
      let isAnswered = false
      let isGivenUp = false
      const repliesBefore = this.#replies
      const giveUp = (afterMs: number): void => {
        if (isAnswered) return
        isGivenUp = true
        const isSilent = this.#replies === repliesBefore && this.#silentForMs() >= (call.silenceMs ?? 0)
        this.#isSilent ||= isSilent
        // While other calls are answered it is only slow; silence since this one was sent is what the breaker is for.
        if (isSilent && afterMs === call.waitMs) this.#breaker.failed(this.#options.nowMs(), { timedOut: true })
        reject(unavailable(`Redis did not answer within ${afterMs} ms`, { uncertain: true }))
      }
      const silentMsMax = Math.min(call.silentMsMax ?? call.waitMs, call.waitMs)
      const listen = (): void => {
        const isSilent = this.#replies === repliesBefore && this.#isListening(silentMsMax)
        if (isSilent || silentMsMax === call.waitMs) giveUp(silentMsMax)
        else timer = setTimeout(() => setImmediate(giveUp, call.waitMs), call.waitMs - silentMsMax)
      }
      // After a stall of our own, timers run before the replies that arrived meanwhile are read: look at those first.
      let timer = setTimeout(() => setImmediate(() => isAnswered || listen()), silentMsMax)
      this.#load.mark()
      this.#inFlight += 1
      this.#unheardSinceMs ??= performance.now()
      const heard = (): void => {
        isAnswered = true
        this.#inFlight -= 1
        this.#heard()
        clearTimeout(timer)
      }
      const answered = (reply: unknown): void => {
        this.#replies += 1
        this.#isSilent = false
        heard()
        // An answer after its time-out says as well that the store is back.
        this.#breaker.succeeded()
        if (isGivenUp) call.onLateReply?.(reply)
        resolve(reply)
      }
      const failed = (cause: unknown): void => {
        heard()
        // An error that Redis itself replied says that it answers.
        if (cause instanceof ReplyError) this.#breaker.succeeded()
        else this.#breaker.failed(this.#options.nowMs(), { timedOut: false })
        reject(unavailable('Redis could not be asked', { cause, uncertain: true }))
      }
      this.#send('evalsha', script.sha, call).then(answered, (cause: unknown) => {
        if (!(cause instanceof Error && cause.message.startsWith('NOSCRIPT'))) return failed(cause)
        this.#send('eval', script.text, call).then(answered, failed)
      })
    })
  }

  /** @throws Fault when a call would not be answered, or not in time. */
  #admit(call: Call): void {
    this.caller()
    if (this.#inFlight >= inFlightMax) throw unavailable('Too many calls to Redis are under way')
    // Answers to what is under way close the breaker, so none but the first after them need wait to find out.
    const mayProbe = !this.#breaker.isOpen || this.#inFlight === 0
    const isDispensable = call.silentMsMax !== undefined || call.silenceMs !== undefined
    if (this.#isSilent && isDispensable) throw unavailable('Redis has been silent')
    if (!mayProbe || !this.#breaker.admits(this.#options.nowMs())) throw unavailable('Redis did not answer lately')
  }

  #heard(): void {
    this.#unheardSinceMs = this.#inFlight === 0 ? undefined : performance.now()
  }

  #silentForMs(): number {
    return this.#unheardSinceMs === undefined ? 0 : performance.now() - this.#unheardSinceMs
  }

  /** Whether this process had time to read what Redis may have said in the last `ms`. */
  #isListening(ms: number): boolean {
    return this.#load.busyShare(ms) < busyShareMax
  }

  /** Never throws: who counts what is under way hears of every end. */
  #send(command: string, script: string, call: Call): Promise<unknown> {
    try {
      this.#holdWrites()
      const args = [script, String(call.keys.length), ...call.keys, ...call.args]
      return this.#client.sendCommand(new Command(command, args, { replyEncoding: 'utf8' })) as Promise<unknown>
    } catch (cause) {
      return Promise.reject(cause)
    }
  }

  /** What is sent in one turn of the event loop leaves in one packet: a system call each would cost as much as all else here. */
  #holdWrites(): void {
    if (this.#isHolding) return
    const { stream } = this.#client
    if (stream === undefined) return
    this.#isHolding = true
    stream.cork()
    setImmediate(() => {
      this.#isHolding = false
      stream.uncork()
    })
  }

  /** Before the first call on a new connection: which server is it, does it know the scripts, may it evict? */
  async #identify(): Promise<void> {
    const { scripts, observer, randomText, formatKey: key, isClusterNode = false } = this.#options
    try {
      const facts = await readServerFacts(this.#client, { isClusterNode })
      const { installation, isLookOnly = false, mayEvict = false } = this.#options
      const whose = installation === undefined ? {} : { installation }
      await claimFormat(this.#client, { key, isClusterNode, script: scripts.claim, isLookOnly, ...whose })
      for (const script of Object.values(scripts)) await this.#client.script('LOAD', script.text)
      if (facts.maxmemoryPolicy !== 'noeviction' && !mayEvict)
        observer.warn('redis_may_evict', { maxmemory_policy: facts.maxmemoryPolicy })
      const sentMs = this.#options.nowMs()
      const storeMs = Number(await this.#client.evalsha(scripts.time.sha, 0))
      if (this.#isClosed || this.#client.status !== 'ready') return
      this.#options.onTime(storeMs, sentMs)
      this.#breaker.succeeded()
      this.#facts = facts
      this.#refusal = undefined
      this.#trouble.ended()
      this.#caller = { runId: facts.runId, fresh: randomText() }
      observer.info('redis_connected', { run_id: facts.runId })
      for (const waiter of this.#waiters) waiter.resolve()
    } catch (cause) {
      observer.warn('redis_not_identified', { cause: String(cause) })
      this.#trouble.keep(cause)
      this.#refuse(cause)
      if (!this.#isClosed) this.#client.disconnect(true)
    }
  }

  /** Time does not mend another format, so whoever waits is told; it goes on trying, in case another server is put there. */
  #refuse(cause: unknown): void {
    if (!(cause instanceof Fault)) return
    this.#refusal = cause
    for (const waiter of this.#waiters) waiter.reject(cause)
  }
}

function unavailable(message: string, how: { readonly cause?: unknown; readonly uncertain?: boolean } = {}): Fault {
  return new Fault('store_unavailable', message, { ...how, transient: true })
}
