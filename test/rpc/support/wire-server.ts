import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { afterEach, beforeEach } from 'vitest'
import type { AccessLogEntry } from '../../../src/core/access-log.ts'
import type { Decision } from '../../../src/core/verdict.ts'
import { createAccessLogMethod } from '../../../src/grpc/access-log-service.ts'
import { type AuthorizationOptions, createAuthorizationMethod } from '../../../src/grpc/authorization-service.ts'
import { createHolds } from '../../../src/grpc/holds.ts'
import type { Method } from '../../../src/grpc/methods.ts'
import { createGrpcServer, type GrpcServer, type Listen } from '../../../src/grpc/server.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { type CheckClient, createCheckClient } from './check-client.ts'

/** What the server of these tests decides unless told otherwise. */
export const allow: Decision = {
  verdict: 'allow',
  upstreamHeaders: [],
  removedHeaders: [],
  responseHeaders: [],
  metadata: { ticket: 't' },
}

export interface Served {
  readonly server: GrpcServer
  readonly address: string
  readonly undelivered: Decision[]
  readonly entries: AccessLogEntry[]
}

interface ServeParts extends Partial<AuthorizationOptions> {
  readonly listen?: Listen
  /** Served beside them. */
  readonly more?: readonly Method[]
  /** 100 when absent. */
  readonly inFlightMax?: number
  /** Waited for before entries count as reported. */
  readonly reporting?: () => Promise<void>
}

export interface Wire {
  /** A fresh folder per test. */
  folder(): string
  /** Serves Check and the access log on a socket in the folder, closed after the test. */
  serve(parts?: ServeParts): Promise<Served>
  clientOf(address: string, timeoutMs?: number): CheckClient
  rawClient(address: string): Client
}

/** The wire with a decision put in by the test instead of `check/authorize.ts`. */
export function createWire(): Wire {
  const closers: (() => void)[] = []
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wire-'))
  })
  afterEach(() => {
    for (const close of closers.splice(0).reverse()) close()
    rmSync(folder, { recursive: true })
  })
  return {
    folder: () => folder,
    async serve(parts = {}) {
      const served = await serve({ listen: { socketPath: join(folder, 's.sock') }, ...parts })
      closers.push(() => served.server.close())
      return served
    },
    clientOf(address, timeoutMs = 250) {
      const client = createCheckClient(address, { timeoutMs })
      closers.push(() => client.close())
      return client
    },
    rawClient(address) {
      const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
      closers.push(() => client.close())
      return client
    },
  }
}

async function serve({
  listen,
  reporting,
  inFlightMax = 100,
  more = [],
  ...options
}: ServeParts & { readonly listen: Listen }): Promise<Served> {
  const undelivered: Decision[] = []
  const entries: AccessLogEntry[] = []
  const authorization = createAuthorizationMethod({
    authorize: async () => allow,
    refuse: (reason) => ({ verdict: 'deny', reason, answer: { status: 503, headers: [], body: reason }, metadata: {} }),
    onUndelivered: (decision) => undelivered.push(decision),
    observer: silentObserver,
    holds: createHolds(silentObserver),
    gate: { overload: (inFlight) => (inFlight < inFlightMax ? undefined : 'in_flight') },
    checkMsMax: 200,
    nowMs: Date.now,
    ...options,
  })
  const accessLog = createAccessLogMethod({
    observer: silentObserver,
    onBroke: () => undefined,
    report: async (taken) => {
      await reporting?.()
      entries.push(...taken)
    },
  })
  const server = await createGrpcServer({
    listen,
    observer: silentObserver,
    methods: [authorization, accessLog, ...more],
  })
  return { server, address: server.addresses[0] ?? '', undelivered, entries }
}

/** A promise and its switch. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
