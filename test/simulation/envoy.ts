import { actualOf } from '../../src/core/cost.ts'
import type { Ticket } from '../../src/core/ticket.ts'
import type { Network } from './network.ts'
import { entryOf, factsOf, type SimRequest } from './request.ts'
import type { Owner, Scheduler } from './scheduler.ts'
import { type Tollgate, timing } from './tollgate.ts'

interface LogLine {
  readonly request: SimRequest
  readonly entry: ReturnType<typeof entryOf>
}

/** Log lines on their way to one process, or being taken by it. */
interface Batch {
  readonly lines: readonly LogLine[]
  readonly to: Tollgate
  takenAtMs: number | undefined
}

/** What the process loses when it is killed: what it took in the last milliseconds was not fsynced yet. */
const fsyncMs = 15
/** Log entries of one node come in another order than they were written: it has a stream per worker. */
const reorderMsMax = 1_000

export interface EnvoyParts {
  readonly name: string
  readonly scheduler: Scheduler
  readonly network: Network
  readonly openTicket: (text: string) => Ticket
  readonly onDelivered: (request: SimRequest, ticket: Ticket) => void
  /** A process that serves, for the next Check or log stream; undefined when none does. */
  readonly pick: () => Tollgate | undefined
  readonly reorder: number
  readonly trace: (who: string, what: string) => void
}

/** One Envoy node: asks before it lets through, refuses what is not allowed in time, and logs what became of the rest. */
export class Envoy {
  readonly owner: Owner
  readonly #parts: EnvoyParts
  readonly #running = new Set<SimRequest>()
  readonly #asking = new Map<SimRequest, { readonly tollgate: Tollgate; readonly leave: () => void }>()
  #buffer: LogLine[] = []
  readonly #batches = new Set<Batch>()
  #stream: Tollgate | undefined
  #isFlushing = false

  constructor(parts: EnvoyParts) {
    this.owner = { name: parts.name, alive: true }
    this.#parts = parts
  }

  serve(request: SimRequest): void {
    const { scheduler, network, pick, trace } = this.#parts
    const tollgate = pick()
    if (tollgate === undefined) {
      this.#refuse(request, 'nobody serves')
      return
    }
    // Its log stream is open: one that has never logged has none, and nobody would see it break.
    this.#stream ??= pick()
    const { leave, onLeft } = leaving()
    this.#asking.set(request, { tollgate, leave })
    trace(this.owner.name, `asks ${tollgate.owner.name} for ${request.name} of ${request.person.account}`)
    const giveUp = (): void => {
      if (request.verdict !== 'asked') return
      this.#refuse(request, 'no answer in time')
      network.send(tollgate.owner, leave)
    }
    let timeout = scheduler.after(timing.checkMs, this.owner, giveUp)
    const startAnswer = (): void =>
      network.send(this.owner, () => {
        scheduler.cancel(timeout)
        if (request.verdict === 'asked') timeout = scheduler.after(timing.heldMs - timing.checkMs, this.owner, giveUp)
      })
    network.send(tollgate.owner, () => {
      void tollgate.check(factsOf(request), { startAnswer, onLeft }).then((decided) => {
        const isAllowed = typeof decided !== 'string' && decided.verdict === 'allow'
        const ticket = isAllowed ? decided.metadata['ticket'] : undefined
        const why = typeof decided === 'string' ? decided : decided.verdict === 'allow' ? 'allow' : decided.reason
        network.send(this.owner, () => {
          scheduler.cancel(timeout)
          if (request.verdict !== 'asked') return
          if (isAllowed) this.#deliver(request, ticket)
          else this.#refuse(request, why)
        })
      })
    })
  }

  /** A process has ended: its streams are cut, and Checks it had not answered are refused. */
  lose(tollgate: Tollgate): void {
    const { scheduler } = this.#parts
    for (const batch of this.#batches) {
      if (batch.to !== tollgate) continue
      const isSafe = batch.takenAtMs !== undefined && scheduler.nowMs - batch.takenAtMs > fsyncMs
      if (!isSafe) for (const { request, entry } of batch.lines) doubt(request, entry.type)
      this.#batches.delete(batch)
    }
    if (this.#stream === tollgate) this.#stream = undefined
    for (const [request, asked] of this.#asking) {
      if (asked.tollgate === tollgate) scheduler.after(1, this.owner, () => this.#refuse(request, 'connection lost'))
    }
  }

  /** This node is killed: nobody hears of what it was doing. Processes see their streams break and their callers leave. */
  kill(): void {
    const { scheduler, network } = this.#parts
    this.owner.alive = false
    for (const request of this.#running) if (request.lastEntry !== 'kept') request.lastEntry = 'doubtful'
    for (const { request, entry } of this.#buffer) doubt(request, entry.type)
    for (const { lines } of this.#batches) for (const { request, entry } of lines) doubt(request, entry.type)
    for (const [request, { tollgate, leave }] of this.#asking) {
      if (request.verdict === 'asked') request.verdict = 'refused'
      scheduler.after(network.delayMs(), tollgate.owner, leave)
    }
    if (this.#stream !== undefined) {
      const { owner, presence } = this.#stream
      scheduler.after(network.delayMs(), owner, () => presence.streamBroke())
    }
  }

  #refuse(request: SimRequest, why: string): void {
    if (request.verdict !== 'asked') return
    this.#parts.trace(this.owner.name, `refuses ${request.name}: ${why}`)
    request.verdict = 'refused'
    this.#asking.delete(request)
  }

  #deliver(request: SimRequest, ticket: string | undefined): void {
    const { scheduler, trace, openTicket, onDelivered } = this.#parts
    const startedMs = scheduler.nowMs
    request.verdict = 'delivered'
    request.ticket = ticket
    this.#asking.delete(request)
    if (ticket === undefined) {
      trace(this.owner.name, `lets ${request.name} through, unbooked`)
      return
    }
    const opened = openTicket(ticket)
    trace(this.owner.name, `lets ${request.name} through as ${opened.id}`)
    onDelivered(request, opened)
    const end = entryOf(request, { node: this.owner.name, type: 'end', sinceMs: request.durationMs })
    request.truth = truthOf(opened, request)
    request.lastEntry = 'underway'
    this.#running.add(request)
    const periodic = (): void => {
      if (!this.#running.has(request)) return
      const sinceMs = scheduler.nowMs - startedMs
      this.#log({ request, entry: entryOf(request, { node: this.owner.name, type: 'periodic', sinceMs }) })
      scheduler.after(timing.periodicMs, this.owner, periodic)
    }
    scheduler.after(timing.periodicMs, this.owner, periodic)
    scheduler.after(request.durationMs, this.owner, () => {
      this.#running.delete(request)
      this.#log({ request, entry: end })
    })
  }

  #log(line: LogLine): void {
    this.#buffer.push(line)
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#parts.scheduler.after(timing.flushMs, this.owner, () => this.#flush())
  }

  #flush(): void {
    const { scheduler, network, pick, reorder } = this.#parts
    this.#isFlushing = false
    this.#stream ??= pick()
    const tollgate = this.#stream
    if (tollgate === undefined) {
      this.#isFlushing = true
      scheduler.after(timing.flushMs, this.owner, () => this.#flush())
      return
    }
    const late = this.#buffer.filter(() => network.random.chance(reorder))
    const prompt = this.#buffer.filter((line) => !late.includes(line))
    this.#buffer = []
    if (prompt.length > 0) this.#send(prompt, tollgate, network.delayMs())
    for (const line of late) this.#send([line], tollgate, network.random.next() * reorderMsMax)
    if (network.random.chance(reorder)) this.#send(prompt, tollgate, network.random.next() * reorderMsMax)
  }

  #send(lines: readonly LogLine[], to: Tollgate, delayMs: number): void {
    const { scheduler } = this.#parts
    const batch: Batch = { lines, to, takenAtMs: undefined }
    this.#batches.add(batch)
    scheduler.after(delayMs, to.owner, () => {
      void to.log(lines.map(({ entry }) => entry)).then(() => this.#taken(batch))
    })
  }

  #taken(batch: Batch): void {
    const { scheduler } = this.#parts
    batch.takenAtMs = scheduler.nowMs
    scheduler.after(fsyncMs + 1, this.owner, () => this.#batches.delete(batch))
    scheduler.after(fsyncMs + 1, batch.to.owner, () => {
      for (const { request, entry } of batch.lines) if (entry.type === 'end') request.lastEntry = 'kept'
    })
  }
}

function doubt(request: SimRequest, type: string): void {
  if (type === 'end' && request.lastEntry !== 'kept') request.lastEntry = 'doubtful'
}

function truthOf(ticket: Ticket, request: SimRequest): SimRequest['truth'] {
  const { status, method, isAborted } = request
  const isPlain = status < 300 && method === 'GET'
  const outcome = isPlain ? (isAborted ? 'aborted' : 'delivered') : status < 300 ? 'head' : 'not_modified'
  return actualOf(ticket.price, { outcome, bytes: request.bytes })
}

function leaving(): { readonly leave: () => void; readonly onLeft: (listener: () => void) => void } {
  const listeners: (() => void)[] = []
  let hasLeft = false
  return {
    leave() {
      hasLeft = true
      for (const listener of listeners) listener()
    },
    onLeft(listener) {
      listeners.push(listener)
      if (hasLeft) listener()
    },
  }
}
