import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSealedFile } from '../../../src/files/sealed-file.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-sealed-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (more = {}) => createSealedFile({ folder, name: 'policy.copy', ...more })
const path = () => join(folder, 'policy.copy')

async function linesOf(file = open()): Promise<string[] | undefined> {
  const lines: string[] = []
  return (await file.read((line) => lines.push(line))) ? lines : undefined
}

test('gives back the lines it was given, also many and long ones, and no secret of it can be read by others', async () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => `${index} ${'ü'.repeat(index % 300)}`)
  await open().write(lines)
  expect(await linesOf()).toEqual(lines)
  expect(readdirSync(folder).sort()).toEqual(['policy.copy', 'sealing.key'])
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
})

test('there is nothing to read before something was written', async () => {
  expect(await linesOf()).toBeUndefined()
})

test('a later writing replaces all', async () => {
  await open().write(['one', 'two'])
  await open().write(['three'])
  expect(await linesOf()).toEqual(['three'])
})

test('any one byte changed is found, before a line is given', async () => {
  await open().write(['one', 'two'])
  const bytes = readFileSync(path())
  for (const [index, byte] of bytes.entries()) {
    const changed = Buffer.from(bytes)
    changed[index] = byte ^ 1
    writeFileSync(path(), changed)
    const given: string[] = []
    await expect(open().read((line) => given.push(line))).rejects.toMatchObject({
      code: 'not_valid',
      message: `The file ${path()} cannot be used: it is not as Tollgate wrote it`,
    })
    expect(given).toEqual([])
  }
})

test.each([
  ['cut short', () => writeFileSync(path(), readFileSync(path()).subarray(0, 30)), 'it is too short'],
  ['open to others', () => chmodSync(path(), 0o644), 'others than its owner can reach it'],
  ['without its key', () => rmSync(join(folder, 'sealing.key')), 'its key, sealing.key, is gone'],
  ['under a key that others can read', () => chmodSync(join(folder, 'sealing.key'), 0o640), 'others than its owner'],
  ['sealed by another key', () => writeFileSync(join(folder, 'sealing.key'), '00'.repeat(32)), 'it is not as Tollgate'],
])('a file %s cannot be used, and the reason is said', async (_, spoil, reason) => {
  await open().write(['one'])
  spoil()
  await expect(linesOf()).rejects.toThrow(reason)
})

test('a writing that fails leaves the last one as it was, and nothing beside it', async () => {
  await open().write(['one'])
  await expect(open({ bytesMax: 100 }).write(Array.from({ length: 100 }, () => 'x'.repeat(20)))).rejects.toThrow(
    'it would be larger than 100 bytes',
  )
  expect(await linesOf()).toEqual(['one'])
  expect(readdirSync(folder).sort()).toEqual(['policy.copy', 'sealing.key'])
})

test('two that write at once agree on one key', async () => {
  await Promise.all([open().write(['one']), open().write(['two'])])
  expect([['one'], ['two']]).toContainEqual(await linesOf())
})
