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
  test.each(SERVERS)('says in one sentence that %s has ended, ends with 1 and leaves nothing', async (name, words) => {
    const demo = spawn(process.execPath, ['demo/main.ts'], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void demo.kill('SIGKILL'))
    const output = { text: '' }
    const errors = { text: '' }
    collect(demo.stdout, output)
    collect(demo.stderr, errors)
    await expect.poll(() => output.text, { timeout: 30_000 }).toContain('1. Alice')
    const server = processes().find(({ line, parent }) => parent === demo.pid && line.includes(words))
    process.kill(server?.pid ?? 0, 'SIGKILL')
    const [code] = await once(demo, 'close')
    expect(errors.text).toBe(`\ntollgate demo: ${name} has ended, killed by a signal, so the demo ends\n`)
    expect(output.text).not.toContain('✗')
    expect(code).toBe(1)
    await expect.poll(() => processes().filter((one) => one.folder.startsWith(clone))).toEqual([])
    expect(readdirSync(join(clone, '.cache/state/scratch'))).toEqual([])
    expect(readdirSync(join(clone, '.cache/demo'))).not.toContain('env')
  })
})

function collect(stream: ChildProcess['stdout'], into: { text: string }): void {
  stream?.on('data', (chunk: Buffer) => {
    into.text += chunk.toString()
  })
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
