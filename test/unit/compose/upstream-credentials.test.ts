import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createUpstreamCredentials, type UpstreamCredentials } from '../../../src/compose/upstream-credentials.ts'
import type { Upstream } from '../../../src/core/upstream.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

let folder: string
let warned: string[]
let open: UpstreamCredentials[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'))
  warned = []
  open = []
})

afterEach(() => {
  vi.useRealTimers()
  for (const credentials of open) credentials.stop()
  rmSync(folder, { recursive: true })
})

function create(references: string[], environment: Record<string, string> = {}): UpstreamCredentials {
  const upstreams = (): Upstream[] =>
    references.map((credential, index) => ({
      ...{ id: `u${index}`, surface: 'pypi', mountPath: '', originUrl: 'http://x', grammar: 'pypi', credential },
    }))
  const observer = { ...silentObserver, warn: (event: string) => void warned.push(event) }
  const credentials = createUpstreamCredentials({ environment, upstreams, observer })
  open.push(credentials)
  return credentials
}

const secretFile = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return `file:${join(folder, name)}`
}

describe('createUpstreamCredentials()', () => {
  test('of the environment gives only variables of upstreams', () => {
    const { secretOf } = create([], {
      TOLLGATE_UPSTREAM_A: 'a',
      DATABASE_URL: 'postgres://u:p@x',
      TOLLGATE_TICKET_KEY: 'k',
    })
    expect(secretOf('env:TOLLGATE_UPSTREAM_A')).toBe('a')
    for (const name of ['DATABASE_URL', 'TOLLGATE_TICKET_KEY', 'TOLLGATE_UPSTREAM_B', '']) {
      expect(secretOf(`env:${name}`)).toBeUndefined()
    }
  })

  test('reads files that upstreams name, trimmed and up to 4 KiB, and reads nothing when it is asked', async () => {
    const [named, long, unnamed] = [
      secretFile('a', ' Basic eA==\n'),
      secretFile('b', 'x'.repeat(9_000)),
      secretFile('c', 'c'),
    ]
    const { refresh, secretOf } = create([named, named, long, 'file:/nonexistent/x', 'env:TOLLGATE_UPSTREAM_A'])
    expect(secretOf(named)).toBeUndefined()
    await refresh()
    expect(secretOf(named)).toBe('Basic eA==')
    expect(secretOf(long)).toHaveLength(4_096)
    expect(secretOf(unnamed)).toBeUndefined()
    expect(warned).toEqual(['upstream_credential_unreadable'])
    rmSync(join(folder, 'a'))
    expect(secretOf(named)).toBe('Basic eA==')
    await refresh()
    expect(secretOf(named)).toBeUndefined()
  })

  test('does not wait for a pipe that nobody writes to', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('/usr/bin/mkfifo', [pipe])
    const { refresh, secretOf } = create([`file:${pipe}`, 'file:/dev/zero'])
    await refresh()
    expect(secretOf(`file:${pipe}`)).toBeUndefined()
    expect(warned).toEqual(['upstream_credential_unreadable', 'upstream_credential_unreadable'])
  })

  test('a change that comes while files are read is read too', async () => {
    const references = [secretFile('a', 'a')]
    const { refresh, secretOf } = create(references)
    const first = refresh()
    const added = secretFile('b', 'b')
    references.push(added)
    await Promise.all([first, refresh()])
    expect(secretOf(added)).toBe('b')
  })

  test('reads a rotated secret within a minute', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const named = secretFile('a', 'old')
    const { refresh, secretOf } = create([named])
    await refresh()
    secretFile('a', 'new')
    vi.advanceTimersByTime(60_000)
    for (let turn = 0; turn < 1_000 && secretOf(named) === 'old'; turn += 1) await delay(2)
    expect(secretOf(named)).toBe('new')
  })

  test('reads at most 1,000 files and says so', async () => {
    const missing = Array.from({ length: 1_001 }, (_, index) => `file:/nonexistent/${index}`)
    await create(missing).refresh()
    expect(warned).toHaveLength(1_001)
    expect(warned[0]).toBe('upstream_credentials_too_many')
  })
})
