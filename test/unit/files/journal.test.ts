import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Aside, createAside } from '../../../src/files/aside.ts'
import { encodeFrame } from '../../../src/files/frame.ts'
import { Journal } from '../../../src/files/journal.ts'
import { cutSegment, listSegments } from '../../../src/files/segment.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'

let folder: string
let said: { readonly event: string; readonly details: Readonly<Record<string, unknown>> }[]
let observer: Observer

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-journal-'))
  said = []
  observer = {
    ...silentObserver,
    count: (event) => void said.push({ event, details: {} }),
    warn: (event, details = {}) => void said.push({ event, details }),
  }
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function open(
  more: {
    readonly bytesMax?: number
    readonly segmentBytes?: number
    readonly writesAtOnce?: boolean
    readonly aside?: Aside
  } = {},
): Journal {
  return new Journal({ folder, journal: 'spool', bytesMax: 1_000_000, observer, ...more })
}

async function contents(journal: Journal): Promise<string[]> {
  const texts: string[] = []
  for (const segment of journal.segments) {
    let offset = 0
    while (offset < segment.bytes) {
      const frames = await journal.read(segment, { offset, countMax: 100 })
      texts.push(...frames.payloads.map(String))
      offset += frames.goodBytes
    }
  }
  return texts
}

test('what was appended is read back in order, over segments, and is on disk when the flush resolves', async () => {
  const journal = open({ segmentBytes: 64 })
  const texts = Array.from({ length: 40 }, (_, index) => `record ${index}`)
  for (const text of texts) {
    expect(journal.append(Buffer.from(text))).toBe(true)
    await journal.flush()
  }
  expect(journal.segments.length).toBeGreaterThan(5)
  expect(await contents(journal)).toEqual(texts)
  const onDisk = await listSegments(folder)
  expect(Buffer.concat(onDisk.map(({ path }) => readFileSync(path)))).toEqual(
    Buffer.concat(texts.map((text) => encodeFrame(Buffer.from(text)))),
  )
  expect(onDisk.map(({ path }) => statSync(path).mode & 0o777)).toEqual(onDisk.map(() => 0o600))
  await journal.close()
})

test('with writesAtOnce a record is in the file before append() answers, and once, whatever is written with it', async () => {
  const journal = open({ writesAtOnce: true })
  const texts = ['opens the file', 'second', 'third', 'fourth']
  journal.append(Buffer.from('opens the file'))
  await journal.flush()
  const [{ path } = { path: '' }] = await listSegments(folder)
  const framesOf = (count: number) => Buffer.concat(texts.slice(0, count).map((text) => encodeFrame(Buffer.from(text))))
  journal.append(Buffer.from('second'))
  expect(readFileSync(path)).toEqual(framesOf(2))
  const flushed = journal.flush()
  journal.append(Buffer.from('third'))
  expect(readFileSync(path)).toEqual(framesOf(3))
  await flushed
  journal.append(Buffer.from('fourth'))
  await journal.flush()
  expect(readFileSync(path)).toEqual(framesOf(4))
  expect(await contents(journal)).toEqual(texts)
  await journal.close()
})

test('records of one group leave in one write, and their segment is told after it is on disk', async () => {
  const journal = open()
  const kept: number[] = []
  for (const text of ['a', 'b', 'c']) journal.append(Buffer.from(text), (segment) => kept.push(segment))
  expect(kept).toEqual([])
  await journal.flush()
  expect(kept).toEqual([1, 1, 1])
  await journal.close()
})

test('above its bound it takes nothing more, says so, and takes again when a segment was dropped', async () => {
  const journal = open({ bytesMax: 200, segmentBytes: 100 })
  const record = Buffer.alloc(60, 'x')
  expect([1, 2, 3].map(() => journal.append(record))).toEqual([true, true, false])
  await journal.flush()
  expect(journal.append(record)).toBe(false)
  expect(said.map(({ event }) => event)).toEqual(['journal_refused_total', 'journal_refused_total'])
  await journal.seal()
  for (const { number } of journal.segments) await journal.drop(number)
  expect(readdirSync(folder)).toEqual([])
  expect(journal.append(record)).toBe(true)
  await journal.close()
})

test('an adopted segment that is torn at any byte of its last record is cut there, and log and metric say so', async () => {
  const good = Buffer.concat([encodeFrame(Buffer.from('one')), encodeFrame(Buffer.from('two'))])
  const last = encodeFrame(Buffer.from('the last one'))
  for (let bytes = 1; bytes < last.length; bytes += 1) {
    const left = join(folder, 'left')
    appendFileSync(left, Buffer.concat([good, last.subarray(0, bytes)]))
    said = []
    const journal = open()
    const adopted = await journal.adopt(left)
    expect(adopted).toMatchObject({ records: 2, bytes: good.length })
    expect(await contents(journal)).toEqual(['one', 'two'])
    expect(said).toEqual([
      { event: 'journal_cuts_total', details: {} },
      { event: 'journal_cut', details: expect.objectContaining({ offset: good.length, bytes_cut: bytes }) },
    ])
    expect(statSync(adopted?.path ?? '').size).toBe(good.length)
    await journal.drop(1)
    await journal.close()
  }
})

test('a record that is damaged in the middle cuts what follows it, also beyond one chunk of reading', async () => {
  const path = join(folder, 'long')
  const records = Array.from({ length: 300 }, (_, index) => encodeFrame(Buffer.alloc(5_000, `${index}`)))
  const bytes = Buffer.concat(records)
  const damaged = 250 * 5_008 + 100
  bytes[damaged] = (bytes[damaged] ?? 0) ^ 1
  appendFileSync(path, bytes)
  expect(await cutSegment({ number: 1, path }, { observer, journal: 'spool' })).toMatchObject({
    records: 250,
    bytes: 250 * 5_008,
  })
})

test('what a flipped bit cuts off is counted and kept aside, byte for byte, up to a bound', async () => {
  const left = join(folder, 'left')
  const texts = Array.from({ length: 250 }, (_, number) => `{"record":${number}}`)
  const bytes = Buffer.concat(texts.map((text) => encodeFrame(Buffer.from(text))))
  bytes[15] = (bytes[15] ?? 0) ^ 1
  for (const [bytesMax, isKept] of [
    [1_000_000, true],
    [100, false],
  ] as const) {
    writeFileSync(left, bytes)
    said = []
    const journal = open({ aside: createAside(join(folder, String(isKept)), bytesMax) })
    expect(await journal.adopt(left)).toMatchObject({ records: 0, bytes: 0 })
    const cut = said.find(({ event }) => event === 'journal_cut')?.details
    expect(cut).toMatchObject({ offset: 0, bytes_cut: bytes.length, records_cut: 249 })
    expect(said.map(({ event }) => event)).toContain('journal_records_cut_total')
    if (isKept) expect(readFileSync(String(cut?.['kept_in']))).toEqual(bytes)
    else expect(cut?.['kept_in']).toBe('nowhere')
    await journal.drop(1)
  }
})

test('what is written after an adoption is read after it', async () => {
  const journal = open()
  journal.append(Buffer.from('before'))
  await journal.flush()
  appendFileSync(join(folder, 'left'), encodeFrame(Buffer.from('adopted')))
  await journal.adopt(join(folder, 'left'))
  journal.append(Buffer.from('after'))
  await journal.flush()
  expect(await contents(journal)).toEqual(['before', 'adopted', 'after'])
  await journal.close()
})

test('of two that adopt one segment one gets it', async () => {
  appendFileSync(join(folder, 'left'), encodeFrame(Buffer.from('adopted')))
  const journal = open()
  const adopted = await Promise.all([journal.adopt(join(folder, 'left')), journal.adopt(join(folder, 'left'))])
  expect(adopted.filter((one) => one !== undefined)).toHaveLength(1)
  expect(await contents(journal)).toEqual(['adopted'])
})

test('a folder that cannot be written refuses after the first group, keeps that group, and writes it when it can', async () => {
  const journal = open()
  rmSync(folder, { recursive: true })
  expect(journal.append(Buffer.from('kept'))).toBe(true)
  await journal.flush()
  expect(journal.accepts).toBe(false)
  expect(journal.append(Buffer.from('refused'))).toBe(false)
  expect(said.map(({ event }) => event)).toContain('journal_not_written')
  mkdirSync(folder)
  await journal.flush()
  expect(journal.accepts).toBe(true)
  expect(await contents(journal)).toEqual(['kept'])
  await journal.close()
})
