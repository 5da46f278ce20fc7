import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Spool } from '../../../src/check/ports.ts'
import type { Report, ReportAnswer } from '../../../src/core/charge.ts'
import { Fault } from '../../../src/core/fault.ts'
import { encodeFrame } from '../../../src/files/frame.ts'
import { openSpool } from '../../../src/files/spool.ts'
import { encodeSpooled } from '../../../src/files/spooled.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { ticket } from '../check/factories.ts'

let dataFolder: string
let counted: string[]
let observer: Observer

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'tollgate-spool-'))
  counted = []
  observer = {
    ...silentObserver,
    count: (name, labels = {}) => void counted.push([name, ...Object.values(labels)].join(' ')),
  }
})

afterEach(() => rmSync(dataFolder, { recursive: true, force: true }))

const hourMs = 3_600_000

function report(id: string, credits = 1): Report {
  const { at, partitions, subjects, surface, home, meta } = ticket()
  const amounts = { requests: 1, credits, bytes: 0, gpu_ms: 0 }
  return {
    ...{ id, at, partitions, subjects, surface, home, meta, amounts },
    ...{ state: 'final', outcome: 'delivered', expiresInMs: 0 },
  }
}

interface Store {
  readonly told: Report[]
  answer: (report: Report) => ReportAnswer | Error
  nowMs: number
}

function store(answer: Store['answer'] = () => 'booked'): Store {
  return { told: [], answer, nowMs: 1_000 }
}

function open(of: Store, more: { readonly bytesMax?: number; readonly nowMs?: () => number } = {}): Promise<Spool> {
  return openSpool({
    ...{ dataFolder, observer, bytesMax: 1_000_000, nowMs: Date.now, adoptEveryMs: 20, ...more },
    storeNowMs: () => of.nowMs,
    report: async (one) => {
      const answer = of.answer(one)
      if (answer instanceof Error) throw answer
      of.told.push(one)
      return answer
    },
  })
}

const away = (): Error => new Fault('store_unavailable', 'Away')
const files = (): string[] =>
  readdirSync(dataFolder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.journal'))

test('a report is replayed as it was, once, and its file is removed when all are settled', async () => {
  const to = store()
  const spool = await open(to)
  expect(spool.add(report('a', 7))).toBe(true)
  await expect.poll(() => spool.size()).toBe(0)
  expect(to.told).toEqual([report('a', 7)])
  await spool.stop()
  expect(files()).toEqual([])
  expect(readdirSync(join(dataFolder, 'spool'))).toEqual([])
})

test('what is added after a file was done with and removed is replayed too', async () => {
  const to = store()
  let nowMs = 0
  const spool = await open(to, { nowMs: () => nowMs })
  spool.add(report('a', 7))
  await expect.poll(() => spool.size()).toBe(0)
  nowMs = 10_000
  await expect.poll(files).toEqual([])
  spool.add(report('b', 8))
  await expect.poll(() => spool.size()).toBe(0)
  expect(to.told.map(({ id }) => id)).toEqual(['a', 'b'])
  await spool.stop()
})

test('while the store is away reports wait in the file, and are replayed in order per id when it is back', async () => {
  const to = store(away)
  const spool = await open(to)
  for (const credits of [1, 2, 3]) for (const id of ['a', 'b']) spool.add(report(id, credits))
  await expect.poll(files).toHaveLength(1)
  expect(spool.size()).toBe(6)
  to.answer = () => 'booked'
  await expect.poll(() => spool.size()).toBe(0)
  for (const id of ['a', 'b'])
    expect(to.told.filter((one) => one.id === id).map(({ amounts }) => amounts.credits)).toEqual([1, 2, 3])
  await spool.stop()
})

test('an early refund is tried again, and holds up only what follows under its own id', async () => {
  const to = store(({ id }) => (id === 'early' ? 'early' : 'booked'))
  const spool = await open(to)
  spool.add(report('early', 1))
  spool.add(report('early', 2))
  spool.add(report('other'))
  await expect.poll(() => spool.size()).toBe(2)
  expect(to.told.map(({ amounts, id }) => [id, amounts.credits])).not.toContainEqual(['early', 2])
  to.answer = () => 'booked'
  await expect.poll(() => spool.size()).toBe(0)
  await spool.stop()
  expect(files()).toEqual([])
})

test('what is not to be replayed yet waits for the clock of the store', async () => {
  const to = store()
  const spool = await open(to)
  spool.add(report('held'), { notBeforeMs: 5_000 })
  spool.add(report('free'))
  await expect.poll(() => spool.size()).toBe(1)
  expect(to.told.map(({ id }) => id)).toEqual(['free'])
  to.nowMs = 5_001
  await expect.poll(() => spool.size()).toBe(0)
  await spool.stop()
})

test('one report that the store never takes does not hold up the others', async () => {
  const to = store(({ id }) => (id === 'bad' ? away() : 'booked'))
  const spool = await open(to)
  for (const id of ['bad', 'a', 'b']) spool.add(report(id))
  await expect.poll(() => spool.size()).toBe(1)
  expect(to.told.map(({ id }) => id).sort()).toEqual(['a', 'b'])
  await spool.stop()
})

/** The spool of a process that ended, with these records. */
function leave(records: readonly Buffer[]): void {
  const folder = join(dataFolder, 'spool', '1-0123456789ab')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '0000000001.journal'), Buffer.concat(records.map(encodeFrame)))
}

const aside = (): string =>
  readdirSync(join(dataFolder, 'set-aside'))
    .map((name) => readFileSync(join(dataFolder, 'set-aside', name), 'utf8'))
    .join('')

test('records that cannot be read are counted, kept aside and passed over', async () => {
  const strange = ['{"v":2}', 'null', 'no JSON', '{"v":1,"report":{"id":"x"},"sinceMs":1}']
  const good = encodeSpooled({ report: report('good'), sinceMs: Date.now() })
  leave([...strange.map((text) => Buffer.from(text)), good])
  const to = store()
  const spool = await open(to)
  await expect.poll(() => spool.size()).toBe(0)
  expect(to.told).toEqual([report('good')])
  expect(counted.filter((name) => name === 'reports_dropped_total unreadable')).toHaveLength(strange.length)
  expect(aside().trim().split('\n').sort()).toEqual([...strange].sort())
  await spool.stop()
  expect(files()).toEqual([])
})

test('what is damaged while its process runs is kept aside and passed over, with what follows it', async () => {
  const to = store(away)
  const spool = await open(to)
  for (const id of ['a', 'b', 'c']) spool.add(report(id))
  await expect.poll(files).toHaveLength(1)
  const path = join(dataFolder, files()[0] ?? '')
  await expect.poll(() => readFileSync(path, 'utf8')).toContain('"id":"c"')
  const bytes = readFileSync(path)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  writeFileSync(path, bytes)
  to.answer = () => 'booked'
  await expect.poll(() => spool.size()).toBe(0)
  expect(to.told).toEqual([])
  expect(counted).toContain('journal_records_cut_total spool')
  expect(aside()).toContain('"id":"c"')
  await spool.stop()
})

test('a report that the store fails on without being away is set aside after a minute, and holds up no other', {
  timeout: 20_000,
}, async () => {
  const to = store(({ id }) => (id === 'bad' ? new TypeError('of another shape') : 'booked'))
  let nowMs = 0
  const spool = await open(to, { nowMs: () => nowMs })
  spool.add(report('bad'))
  await expect.poll(files).toHaveLength(1)
  spool.add(report('good'))
  await expect.poll(() => to.told.map(({ id }) => id)).toEqual(['good'])
  expect(spool.size()).toBe(1)
  const sizeLater = (): number => {
    nowMs += 1_000
    return spool.size()
  }
  await expect.poll(sizeLater, { interval: 60, timeout: 15_000 }).toBe(0)
  expect(nowMs).toBeGreaterThanOrEqual(59_000)
  expect(counted).toContain('reports_dropped_total refused')
  expect(aside()).toContain('"id":"bad"')
  await spool.stop()
})

test('a report is given up after 48 hours, and counted; not before', async () => {
  let nowMs = 0
  const to = store(away)
  const spool = await open(to, { nowMs: () => nowMs })
  spool.add(report('old'))
  await expect.poll(files).toHaveLength(1)
  nowMs = 48 * hourMs
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(spool.size()).toBe(1)
  nowMs += 1
  await expect.poll(() => spool.size()).toBe(0)
  expect(counted).toContain('reports_dropped_total old')
  await spool.stop()
})

test('a spool refuses what begins while it has room for the ends of all it let begin', async () => {
  const to = store(away)
  const spool = await open(to, { bytesMax: 20_000 })
  const begun: string[] = []
  const begin = (id: string): boolean => spool.accepts() && spool.add({ ...report(id), state: 'open' })
  for (let number = 0; begin(`r${number}`); number += 1) begun.push(`r${number}`)
  expect(begun.length).toBeGreaterThan(5)
  expect(spool.add({ ...report('r0', 2), state: 'open' })).toBe(false)
  expect(counted.filter((name) => name.startsWith('reports_dropped'))).toEqual(['reports_dropped_total interim'])
  expect(begun.map((id) => spool.add(report(id, 7)))).toEqual(begun.map(() => true))
  to.answer = () => 'booked'
  await expect.poll(() => spool.size(), { timeout: 5_000 }).toBe(0)
  expect(
    to.told
      .filter(({ state }) => state === 'final')
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...begun].sort())
  await spool.stop()
})

test('a full spool refuses, says so, and takes again when its reports were settled', async () => {
  const to = store(away)
  const spool = await open(to, { bytesMax: 2_000 })
  let taken = 0
  while (spool.add(report('a', taken))) taken += 1
  expect(taken).toBeGreaterThan(1)
  expect(counted).toContain('reports_dropped_total full')
  expect(spool.size()).toBe(taken)
  to.answer = () => 'booked'
  await expect.poll(() => spool.size()).toBe(0)
  await expect.poll(() => spool.accepts(), { timeout: 5_000 }).toBe(true)
  await spool.stop()
})

test('what a stopped process could not replay its successor does', async () => {
  const first = await open(store(away))
  first.add(report('left'))
  await first.stop()
  expect(files()).toHaveLength(1)
  const to = store()
  const second = await open(to)
  await expect.poll(() => second.size()).toBe(0)
  expect(to.told).toEqual([report('left')])
  expect(counted).toContain('spool_adopted_total')
  await second.stop()
  expect(readdirSync(join(dataFolder, 'spool'))).toEqual([])
})

test('the spool of a process that lives is never adopted', async () => {
  const first = await open(store(away))
  first.add(report('mine'))
  await expect.poll(files).toHaveLength(1)
  const to = store()
  const second = await open(to)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(to.told).toEqual([])
  expect(first.size()).toBe(1)
  await first.stop()
  await expect.poll(() => to.told).toEqual([report('mine')])
  await second.stop()
})

test('a data folder whose path is too long for sockets is guarded all the same', async () => {
  dataFolder = join(dataFolder, 'x'.repeat(120))
  const first = await open(store(away))
  first.add(report('mine'))
  await expect.poll(files).toHaveLength(1)
  const to = store()
  const second = await open(to)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(to.told).toEqual([])
  await first.stop()
  await expect.poll(() => to.told).toEqual([report('mine')])
  await second.stop()
})
