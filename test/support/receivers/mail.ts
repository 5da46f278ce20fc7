import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail {
  readonly to: readonly string[]
  readonly isSecure: boolean
  readonly user: string | undefined
  readonly mail: Email
  readonly source: string
}

export interface MailServer {
  readonly port: number
  readonly received: readonly ReceivedMail[]
  /** How often somebody connected. */
  readonly connections: () => number
  /** Closes the connections that are open; answers how many. */
  hangUp(): number
  /** The next recipients or messages are answered so; undefined: taken. */
  refuse(at: 'rcpt' | 'data', answer: { readonly code: number; readonly text: string } | undefined): void
  close(): Promise<void>
}

type Refusal = { readonly code: number; readonly text: string } | undefined

/** A real SMTP server on loopback. With `password` it wants the user `tollgate` and this; its certificate is its own. */
export async function startMail({
  password,
  ...options
}: { readonly password?: string } & SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const refusals: Record<'rcpt' | 'data', Refusal> = { rcpt: undefined, data: undefined }
  let connections = 0
  const server = new SMTPServer({
    authOptional: password === undefined,
    logger: false,
    ...options,
    onConnect: (_session, done) => {
      connections += 1
      done()
    },
    onAuth: (auth, _session, done) => {
      if (auth.username === 'tollgate' && auth.password === password) done(null, { user: auth.username })
      else done(new Error('Invalid username or password'))
    },
    onRcptTo: (_address, _session, done) => done(errorOf(refusals.rcpt)),
    onData: (stream, session, done) => {
      readAll(stream).then(async (source) => {
        const refusal = errorOf(refusals.data)
        if (refusal === null) {
          const to = session.envelope.rcptTo.map(({ address }) => address)
          const mail = await PostalMime.parse(source)
          received.push({ to, isSecure: session.secure, user: session.user, mail, source })
        }
        done(refusal)
      }, done)
    },
  })
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    connections: () => connections,
    hangUp: () => {
      const open = [...sockets]
      for (const socket of open) socket.end('421 Timeout - closing connection\r\n')
      return open.length
    },
    refuse: (at, answer) => {
      refusals[at] = answer
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** A server that takes connections and says nothing. */
export async function startSilent(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer(() => {})
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function errorOf(refusal: Refusal): Error | null {
  return refusal === undefined ? null : Object.assign(new Error(refusal.text), { responseCode: refusal.code })
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
