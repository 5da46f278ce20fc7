import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A wire between two programs, to be spoilt. */
export interface TcpProxy {
  readonly port: number
  /** Connections that are open on the caller's side. */
  connections(): number
  /** Everything arrives so much later, in order; 0 ends it. */
  delay(ms: number): void
  /** From now on nothing arrives, in either direction, also on new connections, which are accepted: the far end is half open. */
  stall(): void
  /** What was held since `stall` goes on its way. */
  resume(): void
  /** Resets every connection; new ones work. */
  reset(): void
  /** Resets the connection over which the next so many bytes came from the caller, in the middle of them; others live on. */
  cutAfter(bytes: number): void
  /** Resolves when the cut has been made. */
  cut(): Promise<void>
  stop(): Promise<void>
}

const queuedBytesMax = 16 * 1_048_576

/** Listens on a free loopback port and carries everything to a port of this machine. */
export async function startTcpProxy(toPort: number): Promise<TcpProxy> {
  const wires = new Set<Wire>()
  const weather: Weather = { delayMs: 0, isStalled: false, bytesUntilCut: undefined }
  let onCut = Promise.withResolvers<void>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const wire = new Wire(near, { toPort, weather, onEnd: () => wires.delete(wire), onCut: () => onCut.resolve() })
    wires.add(wire)
  })
  const port = await listening(server)
  const resetAll = (): void => {
    for (const wire of [...wires]) wire.reset()
  }
  return {
    port,
    connections: () => wires.size,
    delay(ms) {
      weather.delayMs = ms
    },
    stall() {
      weather.isStalled = true
    },
    resume() {
      weather.isStalled = false
      for (const wire of wires) wire.flow()
    },
    reset: resetAll,
    cutAfter(bytes) {
      onCut = Promise.withResolvers()
      weather.bytesUntilCut = bytes
    },
    cut: () => onCut.promise,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      resetAll()
      await closed
    },
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address and a port')
  return address.port
}

interface Weather {
  delayMs: number
  isStalled: boolean
  bytesUntilCut: number | undefined
}

interface WireParts {
  readonly toPort: number
  readonly weather: Weather
  readonly onEnd: () => void
  readonly onCut: () => void
}

/** One connection: two sockets and what is on its way between them. */
class Wire {
  readonly #near: Socket
  readonly #far: Socket
  readonly #parts: WireParts
  readonly #lanes: readonly Lane[]

  constructor(near: Socket, parts: WireParts) {
    this.#near = near
    this.#parts = parts
    this.#far = connect({ host: '127.0.0.1', port: parts.toPort, noDelay: true, allowHalfOpen: true })
    near.setNoDelay(true)
    this.#lanes = [new Lane(near, this.#far, parts.weather), new Lane(this.#far, near, parts.weather)]
    near.on('data', (chunk: Buffer) => this.#fromNear(chunk))
    this.#far.on('data', (chunk: Buffer) => this.#lanes[1]?.put(chunk))
    near.on('end', () => this.#lanes[0]?.put('end'))
    this.#far.on('end', () => this.#lanes[1]?.put('end'))
    for (const socket of [near, this.#far]) {
      socket.on('error', () => this.reset())
      socket.on('close', () => this.#closed())
    }
  }

  flow(): void {
    for (const lane of this.#lanes) lane.flow()
  }

  reset(): void {
    for (const lane of this.#lanes) lane.stop()
    for (const socket of [this.#near, this.#far]) if (!socket.destroyed) socket.resetAndDestroy()
  }

  #fromNear(chunk: Buffer): void {
    const { weather, onCut } = this.#parts
    const { bytesUntilCut = Number.POSITIVE_INFINITY } = weather
    if (bytesUntilCut > chunk.length) {
      if (weather.bytesUntilCut !== undefined) weather.bytesUntilCut -= chunk.length
      this.#lanes[0]?.put(chunk)
      return
    }
    weather.bytesUntilCut = undefined
    // The first part must have left, or a reset would take it back.
    this.#far.write(chunk.subarray(0, bytesUntilCut), () => {
      this.reset()
      onCut()
    })
  }

  /** A side that closed ends the other one when all of it has arrived; a stalled one waits as a dead cable would. */
  #closed(): void {
    if (this.#near.destroyed && this.#far.destroyed) this.#parts.onEnd()
    else if (this.#near.destroyed) this.#lanes[0]?.put('end')
    else this.#lanes[1]?.put('end')
  }
}

/** One direction: a queue of chunks, each with the time it is due. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #weather: Weather
  readonly #queue: { readonly what: Buffer | 'end'; readonly dueMs: number }[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(from: Socket, to: Socket, weather: Weather) {
    this.#from = from
    this.#to = to
    this.#weather = weather
    to.on('drain', () => this.flow())
  }

  put(what: Buffer | 'end'): void {
    if (this.#isStopped) return
    this.#queue.push({ what, dueMs: performance.now() + this.#weather.delayMs })
    this.#queuedBytes += what.length
    if (this.#queuedBytes > queuedBytesMax) this.#from.pause()
    this.flow()
  }

  /** Lets go what is due, unless the wire is stalled or the other side takes no more. */
  flow(): void {
    clearTimeout(this.#timer)
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (this.#weather.isStalled || this.#isStopped || this.#to.writableNeedDrain) return
      const leftMs = first.dueMs - performance.now()
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.flow(), leftMs)
        return
      }
      this.#queue.shift()
      this.#queuedBytes -= first.what.length
      if (this.#from.isPaused() && this.#queuedBytes <= queuedBytesMax) this.#from.resume()
      if (first.what === 'end') this.#to.end()
      else this.#to.write(first.what)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#queue.length = 0
    clearTimeout(this.#timer)
  }
}
