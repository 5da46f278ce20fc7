import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createScratchFolder, rootFolder } from '../../../scripts/state-folder.ts'
import type { Report } from '../../../src/core/charge.ts'
import { openSpool } from '../../../src/files/spool.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'

const child = join(rootFolder, 'test/support/spool-child.ts')
/** A record waits at most 10 ms for its write; the rest is for a machine that is busy. */
const lostMsMax = 250

test('refunds of a process that was stopped stay its own; those of one that was killed its successor replays, but for the last moments', async () => {
  const dataFolder = createScratchFolder('spool')
  const process = spawn(globalThis.process.execPath, [child, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  process.stdout.on('data', (bytes: Buffer) => {
    printed += bytes.toString()
  })
  const added = () => [...printed.matchAll(/^added (\S+) (\S+)$/gm)].map(([, atMs, id]) => ({ atMs: Number(atMs), id }))
  await expect.poll(() => added().length, { timeout: 20_000 }).toBeGreaterThan(400)
  process.kill('SIGSTOP')
  const told: Report[] = []
  const successor = await openSpool({
    ...{ dataFolder, observer, bytesMax: 1e8, nowMs: Date.now, storeNowMs: Date.now, adoptEveryMs: 20 },
    report: async (report) => {
      told.push(report)
      return 'booked'
    },
  })
  await delay(300)
  expect(told).toEqual([])
  process.kill('SIGKILL')
  await once(process, 'close')
  const all = added()
  const safe = all.filter(({ atMs }) => atMs < (all.at(-1)?.atMs ?? 0) - lostMsMax).map(({ id }) => id)
  expect(safe.length).toBeGreaterThan(50)
  await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(safe.length)
  const ids = new Set(told.map(({ id }) => id))
  expect(safe.filter((id) => !ids.has(id ?? ''))).toEqual([])
  expect(new Set(told.map(({ outcome, state }) => `${state} ${outcome}`))).toEqual(new Set(['final undelivered']))
  await successor.stop()
})
