import type { AddressInfo } from 'node:net'
import { createPortalApp } from './app.ts'
import type { PortalTools } from './ports.ts'

/** The API, listening. */
export interface Portal {
  /** With the port that was taken. */
  readonly address: { readonly host: string; readonly port: number }
  /** Takes no new request, answers those under way, and cuts what has not ended after `graceMs`. */
  close(drain: { readonly graceMs: number }): Promise<void>
}

export interface PortalListen {
  readonly host: string
  readonly port: number
  /** Several processes share the port. */
  readonly isShared: boolean
}

/** Starts the API. Rejects with the system's error when it cannot listen there. */
export async function listenPortal(tools: PortalTools, { host, port, isShared }: PortalListen): Promise<Portal> {
  const app = await createPortalApp(tools)
  try {
    await app.listen({ host, port, ...(isShared && { reusePort: true }) })
  } catch (error) {
    await app.close()
    throw error
  }
  const taken = app.server.address() as AddressInfo
  return {
    address: { host, port: taken.port },
    async close({ graceMs }) {
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs)
      await app.close()
      clearTimeout(cut)
    },
  }
}
