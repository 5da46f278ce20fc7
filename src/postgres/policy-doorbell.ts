import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { Fault } from '../core/fault.ts'
import type { Doorbell } from '../policy/ports.ts'
import { endClient } from './end-client.ts'

const CHANNEL = 'tollgate_policy'
const PROOF_TIMEOUT_MS = 1_000

/**
 * LISTEN on a connection of its own, which the doorbell owns from now on. The proof is a NOTIFY to oneself on a channel nobody else
 * hears: it shows that the connection lives and that the server still delivers to it.
 */
export async function openDoorbell(client: pg.Client, onRing: () => void): Promise<Doorbell> {
  const proofChannel = `tollgate_proof_${randomUUID().replaceAll('-', '')}`
  const broken = Promise.withResolvers<void>()
  let onProof: () => void = () => {}
  client.on('error', () => broken.resolve())
  client.on('end', () => broken.resolve())
  client.on('notification', ({ channel }) => (channel === CHANNEL ? onRing() : onProof()))
  try {
    await client.query(`LISTEN ${CHANNEL}; LISTEN ${proofChannel}`)
  } catch (error) {
    void endClient(client)
    throw error
  }
  return {
    broken: broken.promise,
    async prove() {
      const heard = Promise.withResolvers<boolean>()
      onProof = () => heard.resolve(true)
      const timer = setTimeout(() => heard.resolve(false), PROOF_TIMEOUT_MS)
      try {
        // LISTEN again: a session that lost its subscription (UNLISTEN, a pooler's reset) has it back, and the ring after is asked for.
        await client.query(`LISTEN ${CHANNEL}; NOTIFY ${proofChannel}`)
        if (await heard.promise) return
      } catch (cause) {
        throw new Fault('policy_unavailable', 'The listening connection failed', { cause, transient: true })
      } finally {
        clearTimeout(timer)
      }
      throw new Fault('policy_unavailable', 'The listening connection hears nothing', { transient: true })
    },
    close: () => endClient(client),
  }
}
