import type { handleClientStreamingCall, handleServerStreamingCall } from '@grpc/grpc-js'
import { type Method, RpcError } from './methods.ts'

type ClientStreamMethod = Extract<Method, { kind: 'client-stream' }>
type ServerStreamMethod = Extract<Method, { kind: 'server-stream' }>

/** The streams that would keep a server from stopping, because their callers never end them. */
export interface OpenStreams {
  clientStream(method: ClientStreamMethod): handleClientStreamingCall<Buffer, Buffer>
  serverStream(method: ServerStreamMethod): handleServerStreamingCall<Buffer, Buffer>
  /** Gives every client stream its answer, once what it has read is taken, and ends every server stream. */
  endAll(): void
}

export function createOpenStreams(): OpenStreams {
  const open = new Set<() => void>()
  return {
    clientStream: (method) => (call, answer) => {
      const stream = method.open()
      let taking = Promise.resolve()
      const finish = (): void => {
        if (!open.delete(finish)) return
        call.pause()
        taking.then(() => answer(null, stream.end())).catch((error: Error) => answer(error))
      }
      open.add(finish)
      call.on('data', (message: Buffer) => {
        call.pause()
        taking = stream.take(message).then(() => {
          if (open.has(finish)) call.resume()
        })
      })
      for (const event of ['end', 'cancelled', 'error']) call.on(event, finish)
    },
    serverStream: (method) => (call) => {
      let close = (): void => undefined
      const finish = (): void => {
        if (!open.delete(finish)) return
        close()
        call.end()
      }
      open.add(finish)
      for (const event of ['cancelled', 'error']) call.on(event, finish)
      try {
        close = method.open(call.request, (message) => call.write(message))
      } catch (error) {
        open.delete(finish)
        call.emit('error', { code: error instanceof RpcError ? error.code : 13, details: 'refused' })
      }
    },
    endAll() {
      for (const finish of [...open]) finish()
    },
  }
}
