import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createScratchFolder, rootFolder } from '../../../scripts/state-folder.ts'
import { cutSegment, listSegments, readSegment } from '../../../src/files/segment.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

const child = join(rootFolder, 'test/support/journal-child.ts')

function linesOf(process: ChildProcess): {
  readonly lines: string[]
  readonly until: (count: number) => Promise<void>
} {
  const lines: string[] = []
  let rest = ''
  process.stdout?.on('data', (bytes: Buffer) => {
    const parts = (rest + bytes.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  return { lines, until: (count) => expect.poll(() => lines.length, { timeout: 20_000 }).toBeGreaterThan(count) }
}

/** Numbers of the records that a successor finds. */
async function found(folder: string): Promise<number[]> {
  const numbers: number[] = []
  for (const left of await listSegments(folder)) {
    const segment = await cutSegment(left, { observer: silentObserver, journal: 'spool' })
    for (let offset = 0; offset < segment.bytes; ) {
      const frames = await readSegment(segment, { offset, countMax: 50 })
      numbers.push(...frames.payloads.map((payload) => Number.parseInt(payload.toString(), 10)))
      offset += frames.goodBytes
    }
  }
  return numbers
}

test.each([50, 400, 1_500])(
  'what was on disk when the process was killed (after %i records) is there afterwards, in order, and nothing else',
  async (count) => {
    const folder = createScratchFolder('journal')
    const process = spawn(globalThis.process.execPath, [child, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const { lines, until } = linesOf(process)
    await until(count)
    process.kill('SIGKILL')
    await once(process, 'close')
    const kept = lines.map((line) => Number(line.split(' ')[1]))
    const numbers = await found(folder)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index))
    expect(numbers.length).toBeGreaterThanOrEqual(kept.length)
    expect(kept.length).toBeGreaterThan(count)
  },
)

test('a file that the system lets grow no further refuses what comes after, and what was kept is whole', async () => {
  const folder = createScratchFolder('journal')
  // 12 or 6 KiB, by shell; below the length of one segment.
  const process = spawn(
    'sh',
    ['-c', `ulimit -f 12; exec "$@"`, 'sh', globalThis.process.execPath, child, folder, 'refused'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const { lines } = linesOf(process)
  await once(process, 'close')
  expect(process.exitCode).toBe(0)
  expect(lines).toContain('journal_not_written EFBIG')
  expect(lines.at(-1)).toMatch(/^refused \d+ false$/)
  const kept = lines.filter((line) => line.startsWith('kept ')).map((line) => Number(line.split(' ')[1]))
  const numbers = await found(folder)
  expect(kept.length).toBeGreaterThan(0)
  expect(numbers.slice(0, kept.length)).toEqual(kept)
})
