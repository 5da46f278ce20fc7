import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  ServerReadableStream,
  sendUnaryData,
} from '@grpc/grpc-js'
import { type ClientStream, type Method, RpcError } from './methods.ts'

type ClientStreamMethod = Extract<Method, { kind: 'client-stream' }>
type ServerStreamMethod = Extract<Method, { kind: 'server-stream' }>

/** The streams that would keep a server from stopping, because their callers never end them. */
export interface OpenStreams {
  clientStream(method: ClientStreamMethod): handleClientStreamingCall<Buffer, Buffer>
  serverStream(method: ServerStreamMethod): handleServerStreamingCall<Buffer, Buffer>
  /** Gives every client stream its answer, once what has arrived is taken, and ends every server stream. */
  endAll(): void
}

interface OpenStream {
  /** Ends it from our side; at most once. */
  end(): void
}

/** An Envoy has one access log stream per worker; more than all of a large fleet's are a mistake or an attack. */
const streamsMax = 4_096
const resourceExhausted = 8

export function createOpenStreams(): OpenStreams {
  const open = new Set<OpenStream>()
  return {
    clientStream: (method) => (call, answer) => {
      if (open.size >= streamsMax) return answer({ code: resourceExhausted, details: 'too many streams' })
      const stream = new Taking({ call, answer, stream: method.open(), onOver: () => open.delete(stream) })
      open.add(stream)
    },
    serverStream: (method) => (call) => {
      let close = (): void => undefined
      const stream = {
        end() {
          if (!open.delete(stream)) return
          close()
          call.end()
        },
      }
      open.add(stream)
      for (const event of ['cancelled', 'error']) call.on(event, stream.end)
      try {
        close = method.open(call.request, (message) => call.write(message))
      } catch (error) {
        open.delete(stream)
        call.emit('error', { code: error instanceof RpcError ? error.code : 13, details: 'refused' })
      }
    },
    endAll() {
      for (const stream of [...open]) stream.end()
    },
  }
}

interface TakingParts {
  readonly call: ServerReadableStream<Buffer, Buffer>
  readonly answer: sendUnaryData<Buffer>
  readonly stream: ClientStream
  readonly onOver: () => void
}

// An ending stream is over when nothing came for so long; messages already on their way would else be lost unread.
const quietMs = 50
const endingMsMax = 1_000

/** Takes the messages of one client stream, one after another. */
class Taking implements OpenStream {
  readonly #parts: TakingParts
  #isOver = false
  #isEnding = false
  #taking: Promise<void> | undefined
  #quiet: NodeJS.Timeout | undefined
  #latest: NodeJS.Timeout | undefined

  constructor(parts: TakingParts) {
    this.#parts = parts
    const { call } = parts
    call.on('data', (message: Buffer) => this.#take(message))
    for (const event of ['end', 'cancelled', 'error']) call.on(event, () => this.#finish({ isWhole: false }))
  }

  end(): void {
    if (this.#isEnding || this.#isOver) return
    this.#isEnding = true
    this.#latest = setTimeout(() => this.#finish({ isWhole: false }), endingMsMax)
    if (this.#taking === undefined) this.#armQuiet()
  }

  #take(message: Buffer): void {
    const { call, stream } = this.#parts
    call.pause()
    clearTimeout(this.#quiet)
    const taken = (): void => {
      this.#taking = undefined
      if (this.#isOver) return
      call.resume()
      if (this.#isEnding) this.#armQuiet()
    }
    this.#taking = stream.take(message).then(taken, taken)
  }

  #armQuiet(): void {
    this.#quiet = setTimeout(() => this.#finish({ isWhole: true }), quietMs)
  }

  #finish(how: { readonly isWhole: boolean }): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#quiet)
    clearTimeout(this.#latest)
    const { call, answer, stream, onOver } = this.#parts
    call.pause()
    onOver()
    Promise.resolve(this.#taking)
      .then(() => answer(null, stream.end(how)))
      .catch((error: Error) => answer(error))
  }
}
