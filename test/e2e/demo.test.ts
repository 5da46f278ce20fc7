import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createScratchFolder, rootFolder } from '../../scripts/state-folder.ts'

const SERVERS = [
  ['PostgreSQL', '/bin/postgres '],
  ['Redis', '/bin/redis-server '],
  ['Envoy', '/_bin/envoy '],
  ['Tollgate', 'src/main.ts serve '],
] as const

let clone = ''

/** A clone beside this one, so that neither a demo that is up nor its state is in the way. */
beforeAll(() => {
  clone = createScratchFolder('clone')
  chmodSync(clone, 0o755)
  for (const name of ['demo', 'envoy', 'proto', 'scripts', 'src', 'package.json']) {
    cpSync(join(rootFolder, name), join(clone, name), { recursive: true })
  }
  mkdirSync(join(clone, '.cache'))
  for (const name of ['node_modules', '.cache/servers', '.cache/clients']) {
    symlinkSync(join(rootFolder, name), join(clone, name))
  }
})

describe('the demo', () => {
  test('says how to reach PostgreSQL without its password, and leaves nothing after SIGINT', async () => {
    const { demo, output } = await startDemo()
    expect(output()).toMatch(/^PostgreSQL {2}by `npm run sql`, at 127\.0\.0\.1:\d+$/m)
    expect(output()).not.toContain('postgres://')
    expect(output()).not.toContain(readFileSync(join(clone, '.cache/state/demo/postgres/password'), 'utf8'))
    // What `npm run sql` runs.
    const sql = spawn(process.execPath, ['scripts/sql.ts', '-c', 'SELECT id FROM tollgate.account'], { cwd: clone })
    const answer = collect(sql.stdout)
    await once(sql, 'close')
    expect(answer()).toContain('alice')
    demo.kill('SIGINT')
    expect(await once(demo, 'close')).toEqual([130, null])
    await expectNothingLeft()
  })

  test('leaves nothing after SIGHUP, when nobody takes its output any more', async () => {
    const { demo } = await startDemo()
    demo.stdout?.destroy()
    demo.stderr?.destroy()
    demo.kill('SIGHUP')
    expect(await once(demo, 'close')).toEqual([130, null])
    await expectNothingLeft()
  })

  test.each(SERVERS)('says in one sentence that %s has ended, ends with 1 and leaves nothing', async (name, words) => {
    const { demo, output, errors } = await startDemo()
    const server = processes().find(({ line, parent }) => parent === demo.pid && line.includes(words))
    process.kill(server?.pid ?? 0, 'SIGKILL')
    expect(await once(demo, 'close')).toEqual([1, null])
    expect(errors()).toBe(`\ntollgate demo: ${name} has ended, killed by a signal, so the demo ends\n`)
    expect(output()).not.toContain('✗')
    await expectNothingLeft()
  })
})

interface RunningDemo {
  readonly demo: ChildProcess
  output(): string
  errors(): string
}

/** Answers in the middle of the first step. */
async function startDemo(): Promise<RunningDemo> {
  const demo = spawn(process.execPath, ['demo/main.ts'], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void demo.kill('SIGKILL'))
  const running = { demo, output: collect(demo.stdout), errors: collect(demo.stderr) }
  await expect.poll(running.output, { timeout: 30_000 }).toContain('1. Alice')
  return running
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processes().filter(({ folder }) => folder.startsWith(clone))).toEqual([])
  expect(readdirSync(join(clone, '.cache/state/scratch'))).toEqual([])
  expect(readdirSync(join(clone, '.cache/demo'))).not.toContain('env')
}

/** What has come so far. */
function collect(stream: ChildProcess['stdout']): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly folder: string
  readonly line: string
}

/** Everything that runs now and may be seen by us. */
function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = Number(/\) [^Z] (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1])
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(name), parent, folder: readlinkSync(`/proc/${name}/cwd`), line }]
      } catch {
        return [] // it has just ended, or is another user's
      }
    })
}
