import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAccessLogEntry } from '../../../src/grpc/access-log-entry.ts'
import { createAuthorizationMethod } from '../../../src/grpc/authorization-service.ts'
import { decodeCheckRequest } from '../../../src/grpc/check-request.ts'
import { createHolds } from '../../../src/grpc/holds.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'
import { readCheckAnswer } from '../../rpc/support/check-client.ts'
import { checkFrame } from '../../rpc/support/check-frame.ts'

const valid = checkFrame({ token: 'tg_x', extensions: { upstream: 'pypi' } })
const mutated = fc
  .array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 })
  .chain((edits) =>
    fc.tuple(fc.constant(edits), fc.nat(valid.length)).map(([changes, cut]) => {
      const bytes = Buffer.from(valid)
      for (const [index, value] of changes) bytes[index] = value
      return cut % 5 === 0 ? bytes.subarray(0, cut) : bytes
    }),
  )
const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))
const hostile = fc.oneof(noise, mutated)

test('decodeCheckRequest() never throws, and what it calls ok has a method', () => {
  fc.assert(
    fc.property(hostile, (bytes) => {
      const decoded = decodeCheckRequest(bytes)
      if (decoded.ok) expect(decoded.facts.method).not.toBe('')
      else expect(['malformed', 'too_large', 'missing_attributes', 'not_utf8']).toContain(decoded.reason)
    }),
    { numRuns: 5_000 },
  )
})

test('decodeAccessLogEntry() never throws', () => {
  fc.assert(
    fc.property(hostile, (bytes) => {
      decodeAccessLogEntry(bytes, 'node')
    }),
    { numRuns: 3_000 },
  )
})

test('Check answers whatever bytes come, and never allows what it could not read', async () => {
  const method = createAuthorizationMethod({
    authorize: async () => ({
      verdict: 'allow',
      upstreamHeaders: [],
      removedHeaders: [],
      responseHeaders: [],
      metadata: {},
    }),
    refuse: (reason) => ({ verdict: 'deny', reason, answer: { status: 400, headers: [], body: '' }, metadata: {} }),
    onUndelivered: () => undefined,
    observer: silentObserver,
    checkMsMax: 200,
    holds: createHolds(silentObserver),
    gate: { overload: () => undefined },

    nowMs: Date.now,
  })
  if (method.kind !== 'unary') throw new Error('Check is not unary')
  const never = Number.POSITIVE_INFINITY
  const call = { deadlineMs: never, headByMs: never, startAnswer: () => undefined, onLeft: () => undefined }
  await fc.assert(
    fc.asyncProperty(hostile, async (bytes) => {
      const answer = readCheckAnswer(await method.answer(bytes, call))
      expect(answer.allowed).toBe(decodeCheckRequest(bytes).ok)
    }),
    { numRuns: 1_000 },
  )
})
