import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecretBox } from '../../../src/notify/secret-box.ts'

const environment = { TOLLGATE_CHANNEL_A: ' whsec_1 \n', TOLLGATE_CHANNEL_EMPTY: '', TOLLGATE_KEY: 'ff', HOME: '/root' }
const box = createSecretBox({ key: new Uint8Array(32).fill(7), environment, prefix: 'TOLLGATE_CHANNEL_' })
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-secrets-'))
  await writeFile(join(folder, 'secret'), '\n  SEC123\n\n')
  await writeFile(join(folder, 'large'), 'x'.repeat(4_097))
  await writeFile(join(folder, 'empty'), '\n')
  execFileSync('mkfifo', [join(folder, 'pipe')])
})
afterAll(() => rm(folder, { recursive: true }))

describe('createSecretBox()', () => {
  test('opens what it sealed, and seals the same text otherwise each time', async () => {
    const [first, second] = [box.seal('https://hooks.example.org/密'), box.seal('https://hooks.example.org/密')]
    expect(first).toMatch(/^sealed:v1:[A-Za-z0-9_-]+$/)
    expect(first).not.toBe(second)
    expect(await box.open(first)).toBe('https://hooks.example.org/密')
    expect(await box.open(second)).toBe('https://hooks.example.org/密')
  })

  test('marks one address the same however it is kept, otherwise under another key, and what cannot be opened by its text', async () => {
    const mark = await box.markOf('whsec_1')
    expect(mark).toMatch(/^[0-9a-f]{64}$/)
    expect(await box.markOf(box.seal('whsec_1'))).toBe(mark)
    expect(await box.markOf('env:TOLLGATE_CHANNEL_A')).toBe(mark)
    expect(await box.markOf('whsec_2')).not.toBe(mark)
    const other = createSecretBox({ key: new Uint8Array(32).fill(8), environment, prefix: 'TOLLGATE_CHANNEL_' })
    expect(await other.markOf('whsec_1')).not.toBe(mark)
    expect(await box.markOf('env:NONE')).not.toBe(await box.markOf('env:OTHER'))
  })

  test('does not open what another key sealed, what was changed, or another version', async () => {
    const other = createSecretBox({ key: new Uint8Array(32).fill(8), environment, prefix: 'TOLLGATE_CHANNEL_' })
    const sealed = box.seal('secret')
    expect(await other.open(sealed)).toBeUndefined()
    const flipped = sealed.slice(0, -4) + (sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    expect(await box.open(flipped)).toBeUndefined()
    expect(await box.open('sealed:v1:')).toBeUndefined()
    expect(await box.open('sealed:v1:AAAA')).toBeUndefined()
    expect(await box.open(sealed.replace('v1', 'v2'))).toBeUndefined()
  })

  test('reads variables of its prefix and no other', async () => {
    expect(await box.open('env:TOLLGATE_CHANNEL_A')).toBe('whsec_1')
    for (const name of ['TOLLGATE_KEY', 'HOME', 'TOLLGATE_CHANNEL_NONE', 'TOLLGATE_CHANNEL_EMPTY', '']) {
      expect(await box.open(`env:${name}`)).toBeUndefined()
    }
  })

  test('reads files by absolute path, at most 4 KiB, without the white space around', async () => {
    expect(await box.open(`file:${folder}/secret`)).toBe('SEC123')
    for (const path of [
      `${folder}/large`,
      `${folder}/empty`,
      `${folder}/none`,
      `${folder}/pipe`,
      folder,
      'package.json',
      '/dev/zero',
      '',
    ]) {
      expect(await box.open(`file:${path}`)).toBeUndefined()
    }
  })

  test('takes anything else for the text itself', async () => {
    expect(await box.open('https://hooks.example.org/')).toBe('https://hooks.example.org/')
    expect(await box.open('alice@example.org')).toBe('alice@example.org')
  })

  test('wants a key of 32 bytes', () => {
    expect(() => createSecretBox({ key: new Uint8Array(16), environment: {}, prefix: '' })).toThrow(RangeError)
  })
})
