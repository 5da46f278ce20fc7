import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const FILES = ['scripts/state-folder.ts', 'src/postgres/embedded-files.ts', 'src/core/fault.ts']

interface Clone {
  readonly folder: string
  readonly temporary: string
  readonly environment: NodeJS.ProcessEnv
  readonly module: string
}

/** Another clone, with a temporary folder of its own. */
function createClone(name: string): Clone {
  const parent = mkdtempSync(join(tmpdir(), 'state-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  chmodSync(parent, 0o755)
  const folder = join(parent, name)
  const temporary = join(parent, 'tmp')
  mkdirSync(temporary)
  for (const file of FILES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(ROOT, file), join(folder, file))
  }
  const environment = { ...process.env, TMPDIR: temporary, NODE_OPTIONS: '' }
  return { folder, temporary, environment, module: join(folder, 'scripts/state-folder.ts') }
}

/** What a process of the clone prints that makes a socket folder and then does `last`. */
function makeFolder(clone: Clone, last: string): string {
  const script = `const { createSocketFolder } = await import('${clone.module}')
    process.stdout.write(createSocketFolder()); ${last}`
  const options = { env: clone.environment, encoding: 'utf8' } as const
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stdout
}

describe.each([
  ['of a short path', 'clone', ({ folder }: Clone) => join(folder, '.cache/state/scratch')],
  ['of a long path', 'clone'.repeat(20), ({ temporary }: Clone) => temporary],
] as const)('createSocketFolder() in a clone %s', (_, name, parentOf) => {
  test('makes a folder whose sockets can be bound', () => {
    const clone = createClone(name)
    const script = `const { createSocketFolder } = await import('${clone.module}')
      const { createServer } = await import('node:net')
      const path = createSocketFolder() + '/' + 'x'.repeat(20)
      createServer().listen(path, () => { process.stdout.write(path); process.exit() })`
    const args = ['--input-type=module', '-e', script]
    const path = execFileSync(process.execPath, args, { env: clone.environment, encoding: 'utf8' })
    expect(dirname(dirname(path))).toBe(parentOf(clone))
    expect(existsSync(dirname(path))).toBe(false)
  })

  test('removes it when the process ends, or, after SIGKILL, when a later one makes its own', () => {
    const clone = createClone(name)
    const left = makeFolder(clone, `process.kill(process.pid, 'SIGKILL')`)
    expect(existsSync(left)).toBe(true)
    const removed = makeFolder(clone, '')
    expect(existsSync(removed)).toBe(false)
    expect(existsSync(left)).toBe(false)
  })
})
