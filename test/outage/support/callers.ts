import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { makeTokenText } from '../../../src/core/token-text.ts'

export type Posture = 'deny' | 'allow' | 'local'

/** Who asks in one trial: an account of its own, so that its books can be read by themselves. */
export interface Caller {
  readonly account: string
  readonly token: string
  readonly department: string
}

export const departments = ['research', 'restoration', 'design', 'finance']

/** A new account of a plan with this posture, with a token. */
export async function addCaller(pool: pg.Pool, posture: Posture, index: number): Promise<Caller> {
  const department = departments[index % departments.length] ?? ''
  const account = `caller-${index}`
  const token = makeTokenText(randomBytes)
  const digest = createHash('sha256').update(token).digest('hex')
  await pool.query('INSERT INTO tollgate.account (id, project, plan) VALUES ($1, $2, $3)', [
    account,
    `${department}-work`,
    posture,
  ])
  await pool.query(
    `INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ($1, $1, $2, 'tg_test', now() + interval '1 day')`,
    [account, digest],
  )
  return { account, token, department }
}

/** The status of a caller's own standing. */
export async function standing(baseUrl: string, { token }: Caller): Promise<number> {
  const reply = await fetch(`${baseUrl}/quota/status`, { headers: { authorization: `Bearer ${token}` } })
  await reply.text()
  return reply.status
}

const knownMsMax = 5_000

export async function untilKnown(baseUrl: string, caller: Caller): Promise<void> {
  const deadlineMs = performance.now() + knownMsMax
  for (let status = 0; status !== 200; ) {
    status = await standing(baseUrl, caller)
    if (performance.now() > deadlineMs)
      throw new Error(`${caller.account} is answered ${status} after ${knownMsMax} ms`)
    if (status !== 200) await delay(10)
  }
}
