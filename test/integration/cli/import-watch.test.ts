import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { runCommand } from '../../../demo/command.ts'
import { createScratchFolder, rootFolder } from '../../../scripts/state-folder.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createImportFiles } from '../../../src/files/import-files.ts'
import type { SourceFiles } from '../../../src/policy/import-ports.ts'
import { createPostgresDescriptorStore } from '../../../src/postgres/descriptor-store.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { findFreePort } from '../../../src/postgres/free-port.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { type RecordedContext, recordedContext } from '../../support/cli-context.ts'
import { type LedgerDatabase, openLedgerDatabase } from '../../support/ledger-database.ts'

const limits = (amount: number) =>
  `domain: shop\ndescriptors:\n  - key: path\n    rate_limit: { unit: second, requests_per_unit: ${amount} }\n`

interface Watching extends AsyncDisposable {
  readonly folder: string
  readonly context: RecordedContext
  readonly database: LedgerDatabase
  readonly logged: readonly string[]
  /** Resolves when the folder was looked at so often again. */
  looks(count: number): Promise<void>
  /** Resolves once this is in force. */
  amounts(wanted: readonly number[]): Promise<void>
  end(): Promise<number>
}

/** `pollMs` so long that only what the folder tells can be the reason, unless a test is about that. */
async function watching(fill: (folder: string) => void, pollMs = 3_600_000): Promise<Watching> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-watch-'))
  fill(folder)
  const database = await openLedgerDatabase()
  const ending = new AbortController()
  let looked = 0
  const files = createImportFiles(Readable.from([]), { quietMs: 5, pollMs })
  const watched: SourceFiles = {
    ...files,
    async *watch(path, ended) {
      for await (const version of files.watch(path, ended)) {
        yield version
        looked += 1
      }
    },
  }
  const logged: string[] = []
  const write = (event: string, details = {}) => void logged.push(`${event} ${JSON.stringify(details)}`)
  const context = recordedContext({
    importFiles: async () => watched,
    latestDescriptors: async () => createPostgresDescriptorStore(database.pool),
    ending: () => ending.signal,
    log: () => ({ info: write, warn: write }),
  })
  const done = runCli(['policy', 'import', 'ratelimit', '--watch', folder], context)
  const end = () => {
    ending.abort()
    return done
  }
  return {
    ...{ folder, context, database, logged, end },
    looks: (count) => {
      const wanted = looked + count
      return vi.waitFor(() => expect(looked).toBeGreaterThanOrEqual(wanted), { timeout: 20_000, interval: 20 })
    },
    amounts: (wanted) =>
      vi.waitFor(
        async () => {
          const rows = await database.rows('SELECT amount::int FROM tollgate.descriptor_limit ORDER BY amount')
          expect(rows.map(({ amount }) => amount)).toEqual(wanted)
        },
        { timeout: 20_000, interval: 20 },
      ),
    async [Symbol.asyncDispose]() {
      await end()
      await database[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

test('--watch imports what is there, then what editors rename over it, until it is told to end', async () => {
  await using watch = await watching((folder) => writeFileSync(join(folder, 'shop.yaml'), limits(1)))
  await watch.amounts([1])
  writeFileSync(join(watch.folder, 'shop.yaml~'), limits(2))
  renameSync(join(watch.folder, 'shop.yaml~'), join(watch.folder, 'shop.yaml'))
  await watch.amounts([2])
  writeFileSync(join(watch.folder, 'more.yml'), limits(3).replace('shop', 'mail'))
  await watch.amounts([2, 3])
  expect(await watch.end()).toBe(0)
  expect(watch.context.errors()).toBe('')
})

test('--watch sees a ConfigMap swapped', async () => {
  await using watch = await watching((folder) => {
    mkdirSync(join(folder, '..one'))
    writeFileSync(join(folder, '..one/shop.yaml'), limits(1))
    symlinkSync('..one', join(folder, '..data'))
    symlinkSync('..data/shop.yaml', join(folder, 'shop.yaml'))
  })
  await watch.amounts([1])
  mkdirSync(join(watch.folder, '..two'))
  writeFileSync(join(watch.folder, '..two/shop.yaml'), limits(2))
  symlinkSync('..two', join(watch.folder, '..data_tmp'))
  renameSync(join(watch.folder, '..data_tmp'), join(watch.folder, '..data'))
  await watch.amounts([2])
})

test('--watch keeps what is in force while files are faulty or gone, and says so once', async () => {
  await using watch = await watching((folder) => writeFileSync(join(folder, 'shop.yaml'), limits(1)), 20)
  await watch.amounts([1])
  const said = (wanted: string) =>
    vi.waitFor(() => expect(watch.logged.join('\n')).toContain(wanted), { timeout: 20_000, interval: 20 })
  writeFileSync(join(watch.folder, 'shop.yaml'), limits(2).replace('unit: second', 'unit: moment'))
  await said('\\"moment\\" is no unit')
  await watch.looks(3)
  rmSync(join(watch.folder, 'shop.yaml'))
  await said('There is no .yaml or .yml file in')
  await watch.looks(3)
  await watch.amounts([1])
  writeFileSync(join(watch.folder, 'shop.yaml'), limits(3))
  await watch.amounts([3])
  const events = watch.logged.map((line) => line.split(' ', 1)[0])
  expect(events).toEqual(['limits_imported', 'limits_refused', 'limits_not_imported', 'limits_imported'])
  expect(watch.logged.at(-1)).toContain('"limits_in_force":["shop: path: 1 per second → 3 per second"]')
})

/** The watch as a process of its own; `next` is its next line of log. */
function watchProcess(folder: string, environment: Readonly<Record<string, string>>) {
  const words = ['policy', 'import', 'ratelimit', '--watch', folder]
  const child = spawn(process.execPath, [join(rootFolder, 'src/main.ts'), ...words], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    next: async () => JSON.parse((await lines.next()).value ?? ''),
    end() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'shop.yaml'), text)
  return folder
}

test('--watch as a process of its own logs with the time, and ends in order when it is told to', async () => {
  await using database = await openLedgerDatabase()
  const watch = watchProcess(folderWith(limits(1)), { DATABASE_URL: database.url })
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(await watch.next()).toMatchObject({ level: 'info', time, event: 'limits_imported', added: 1 })
  expect(await watch.end()).toEqual([0, null])
})

test('--watch goes on where the PostgreSQL of the data folder runs next', async () => {
  const data = createScratchFolder('watch')
  chmodSync(data, 0o755) // PostgreSQL may run as another user
  const dataFolder = join(data, 'postgres')
  const start = (port?: number) =>
    startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: false, port })
  const first = await start()
  await migrate(first.url)
  const folder = folderWith(limits(1))
  const watch = watchProcess(folder, { TOLLGATE_DATA_FOLDER: data })
  expect(await watch.next()).toMatchObject({ event: 'limits_imported' })
  await first.stop()
  writeFileSync(join(folder, 'shop.yaml'), limits(2))
  expect(await watch.next()).toMatchObject({ level: 'warn', event: 'limits_not_imported' })
  const second = await start(await findFreePort())
  onTestFinished(() => second.stop())
  expect(second.port).not.toBe(first.port)
  writeFileSync(join(folder, 'shop.yaml'), limits(3))
  expect(await watch.next()).toMatchObject({ event: 'limits_imported', changed: 1 })
  expect(await watch.end()).toEqual([0, null])
})

test('--watch starts no PostgreSQL of its own', async () => {
  const data = createScratchFolder('watch-alone')
  const watch = await runCommand({
    file: process.execPath,
    args: [join(rootFolder, 'src/main.ts'), 'policy', 'import', 'ratelimit', '--watch', folderWith(limits(1))],
    environment: { TOLLGATE_DATA_FOLDER: data },
    folder: rootFolder,
  })
  expect([watch.code, watch.text]).toEqual([1, expect.stringContaining('start tollgate serve first')])
})

test('--watch is for one folder', async () => {
  const context = recordedContext()
  expect(await runCli(['policy', 'import', 'ratelimit', '--watch', 'a', 'b'], context)).toBe(2)
  expect(context.errors()).toContain('--watch is for one folder')
})
