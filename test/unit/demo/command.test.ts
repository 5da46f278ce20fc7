import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../../demo/command.ts'
import { isRunning } from '../../support/is-running.ts'

const COMMAND = join(import.meta.dirname, '../../../demo/command.ts')
/** Takes a lock, starts a child, and when it is asked to end gives the lock back and does what STUBBORN does not. */
const INSTALLER = `trap 'rm lock; kill $!; exit 3' INT; touch lock; sleep 60 & echo $! > child.pid; wait`
const STUBBORN = INSTALLER.replace('kill $!; ', '')

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'command-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A process that runs INSTALLER in `folder` and does `next` when that has begun. */
function runElsewhere(folder: string, next: string): ChildProcess {
  const command = JSON.stringify({ file: '/bin/sh', args: ['-c', INSTALLER], environment: {}, folder })
  const script = `const { runCommand, endCommands } = await import('${COMMAND}')
    const { existsSync } = await import('node:fs')
    const ended = runCommand(${command})
    while (!existsSync('${folder}/child.pid')) await new Promise((resolve) => setTimeout(resolve, 5))
    ${next}`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function childOf(folder: string): string {
  return readFileSync(join(folder, 'child.pid'), 'utf8').trim()
}

describe('runCommand()', () => {
  test('answers the exit code, what a terminal would have shown, and stdout alone', async () => {
    const args = ['-c', 'echo out; echo err >&2; exit 3']
    const result = await runCommand({ file: '/bin/sh', args, environment: {}, folder: createFolder() })
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' })
    expect(result.text).toContain('err')
  })

  test('rejects when the program is not there', async () => {
    const start = runCommand({ file: '/nowhere', args: [], environment: {}, folder: createFolder() })
    await expect(start).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('ends what takes too long, its children too, and lets it undo', async () => {
    const folder = createFolder()
    const command = { file: '/bin/sh', args: ['-c', STUBBORN], environment: {}, folder, durationMsMax: 300 }
    expect((await runCommand(command)).code).toBe(-1)
    expect(existsSync(join(folder, 'lock'))).toBe(false)
    await expect.poll(() => isRunning(childOf(folder))).toBe(false)
  })

  test.each([
    ['SIGKILL', `process.kill(process.pid, 'SIGKILL')`],
    ['exit', 'process.exit()'],
  ])('leaves nothing running, and lets it undo, after %s of the process that ran it', async (_, next) => {
    const folder = createFolder()
    await once(runElsewhere(folder, next), 'close')
    await expect.poll(() => isRunning(childOf(folder)), { timeout: 5_000 }).toBe(false)
    await expect.poll(() => existsSync(join(folder, 'lock')), { timeout: 5_000 }).toBe(false)
  })
})

describe('endCommands()', () => {
  test('waits until what ran has undone and ended, and lets no other start', async () => {
    const folder = createFolder()
    const next = `await endCommands()
      console.log(existsSync('${folder}/lock'), (await ended).code)
      await runCommand({}).catch((error) => console.log(error.message))`
    const child = runElsewhere(folder, next)
    const [printed] = await once(child.stdout ?? child, 'data')
    await once(child, 'close')
    expect(String(printed)).toMatch(/^false 3\n/)
    await expect.poll(() => isRunning(childOf(folder))).toBe(false)
  })
})
