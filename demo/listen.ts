import { once } from 'node:events'
import type { Server } from 'node:net'

/** Listens on a free loopback port and says which. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address and a port')
  return address.port
}

/** Closes a server and every connection it still has. */
export async function closeServer(server: Server & { closeAllConnections?(): void }): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections?.()
  await closed
}
