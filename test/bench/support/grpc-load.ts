import { type ClientHttp2Session, connect, constants } from 'node:http2'

const checkPath = '/envoy.service.auth.v3.Authorization/Check'

/** One call: resolves with the reply's message bytes, rejects on any gRPC status but 0. */
export type Call = (message: Uint8Array) => Promise<Buffer>

/** A bare gRPC client on `node:http2`: it costs far less than the servers it measures. Messages come encoded, replies are only framed. */
export interface LoadClient {
  readonly call: Call
  close(): void
}

/** `target` is `unix:PATH` or `http://HOST:PORT`; `path` the method's, Check's when absent. */
export async function openLoadClient(target: string, connections: number, path = checkPath): Promise<LoadClient> {
  const sessions = await Promise.all(Array.from({ length: connections }, () => openSession(target)))
  let turn = 0
  return {
    call: (message) => {
      turn = (turn + 1) % sessions.length
      const session = sessions[turn]
      return session ? callOn(session, path, message) : Promise.reject(new Error('No connection is open'))
    },
    close: () => {
      for (const session of sessions) session.destroy()
    },
  }
}

async function openSession(target: string): Promise<ClientHttp2Session> {
  const { createConnection } = await import('node:net')
  const unix = target.startsWith('unix:') ? target.slice(5) : undefined
  const session =
    unix === undefined
      ? connect(target)
      : connect('http://localhost', { createConnection: () => createConnection(unix) })
  await new Promise<void>((resolve, reject) => session.once('connect', () => resolve()).once('error', reject))
  return session
}

function callOn(session: ClientHttp2Session, path: string, message: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': '1000m',
    })
    const chunks: Buffer[] = []
    let status: string | undefined
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      const found = headers['grpc-status']
      if (found !== undefined) status = String(found)
    }
    stream.on('response', note).on('trailers', note).on('error', reject)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      if (status === '0') resolve(Buffer.concat(chunks).subarray(5))
      else reject(new Error(`gRPC status ${status ?? 'missing'}`))
    })
    stream.end(frameOf(message))
  })
}

function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(message.length + 5)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  return frame
}
