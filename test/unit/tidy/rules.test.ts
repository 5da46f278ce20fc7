import { describe, expect, test } from 'vitest'
import { forbiddenArrows } from '../../tidy/arrows.ts'
import { keywordMembers } from '../../tidy/classes.ts'
import { importsOf } from '../../tidy/imports.ts'
import { foreignLines, headless, undocumentedCodes, unionMembers } from '../../tidy/papers.ts'
import { environmentReaders, impureLines } from '../../tidy/purity.ts'
import { longFiles, wideFiles } from '../../tidy/sizes.ts'

const arrows = (path: string, text: string): readonly string[] => forbiddenArrows(importsOf({ path, text }))

describe('forbiddenArrows()', () => {
  test.each([
    ['src/core/rate.ts', "import {\n  log,\n} from '../telemetry/log.ts'"],
    ['src/core/rate.ts', "import type { Observer } from '../telemetry/observer.ts'"],
    ['src/core/rate.ts', "import 'node:fs'"],
    ['src/core/rate.ts', "import ipaddr from 'ipaddr.js'"],
    ['src/core/rate.ts', "export { spend } from '../check/spend.ts'"],
    ['src/check/authorize.ts', "import { ledger } from '../usage/ledger.ts'"],
    ['src/check/authorize.ts', "import { createObserver } from '../telemetry/observer.ts'"],
    ['src/check/authorize.ts', "import { type Observer, createObserver } from '../telemetry/observer.ts'"],
    ['src/check/authorize.ts', "import pg from 'pg'"],
    ['src/redis/spend-store.ts', "import { pool } from '../postgres/pool.ts'"],
    ['src/redis/spend-store.ts', "import { authorize } from '../check/authorize.ts'"],
    ['src/redis/spend-store.ts', "import { something } from '../check/ports.ts'"],
    ['src/grpc/server.ts', "import { createRedisSpendStore } from '../redis/spend-store.ts'"],
    ['src/cli/token.ts', "const { pool } = await import('../postgres/pool.ts')"],
    ['src/telemetry/log.ts', "import { Fault } from '../core/fault.ts'"],
    ['src/check/authorize.ts', "import { root } from '../../scripts/state-folder.ts'"],
    ['src/main.ts', "import { createRedisSpendStore } from './redis/spend-store.ts'"],
    ['src/compose/books.ts', "import { Pool } from 'pg'"],
    ['src/attic/old.ts', "import { Fault } from '../core/fault.ts'"],
  ])('refuses %s: %s', (path, text) => {
    expect(arrows(path, text)).toHaveLength(1)
  })

  test.each([
    ['src/core/rate.ts', "import { limit } from './limit.ts'"],
    ['src/core/rate.ts', "// import { log } from '../telemetry/log.ts'"],
    [
      'src/check/authorize.ts',
      "import { rate } from '../core/rate.ts'\nimport type { Observer } from '../telemetry/observer.ts'",
    ],
    [
      'src/redis/spend-store.ts',
      "import type {\n  SpendStore,\n} from '../check/ports.ts'\nimport { Redis } from 'ioredis'",
    ],
    ['src/grpc/server.ts', "import { authorize } from '../check/authorize.ts'\nimport { Server } from '@grpc/grpc-js'"],
    ['src/compose/stores.ts', "import { createRedisSpendStore } from '../redis/spend-store.ts'"],
    ['src/compose/books.ts', "import type { Pool } from 'pg'"],
    ['src/main.ts', "const { serve } = await import('./compose/serve.ts')"],
    ['test/unit/x.test.ts', "import { pool } from '../../src/postgres/pool.ts'"],
  ])('allows %s: %s', (path, text) => {
    expect(arrows(path, text)).toEqual([])
  })
})

describe('impureLines()', () => {
  test.each([
    'const now = Date.now()',
    'const now = new Date()',
    'const now = Temporal.Now.instant()',
    'const dice = Math.random()',
    'const uid = process.getuid?.()',
    "import { readFileSync } from 'node:fs'",
    'export async function decide() {}',
    'export function decide(): Promise<void> {}',
    'setTimeout(decide, 10)',
    'const id = crypto.randomUUID()',
  ])('finds %s in core', (line) => {
    expect(impureLines([{ path: 'src/core/rate.ts', text: line }])).not.toEqual([])
    expect(impureLines([{ path: 'src/check/rate.ts', text: line }])).toEqual([])
  })

  test.each([
    '/** Not a Promise, nor Date.now(). */',
    '// setTimeout',
    'const at = new Date(nowMs)',
    'const processed = 1',
  ])('leaves %s alone', (line) => {
    expect(impureLines([{ path: 'src/core/rate.ts', text: line }])).toEqual([])
  })
})

describe('environmentReaders()', () => {
  test.each(['process.env.HOME', "process.env['HOME']", "process['env']", "import { env } from 'node:process'"])(
    'finds %s',
    (text) => {
      expect(environmentReaders([{ path: 'src/check/a.ts', text }])).toHaveLength(1)
      expect(environmentReaders([{ path: 'src/settings.ts', text }])).toEqual([])
    },
  )
})

describe('keywordMembers()', () => {
  test('finds members declared by keyword, and nothing else that says private', () => {
    const lines = ['  private count = 0', '  protected static readonly table: Map', '  public async run(): void {']
    expect(keywordMembers([{ path: 'src/a.ts', text: lines.join('\n') }])).toHaveLength(3)
    const others = [
      '  #count = 0',
      '// private count = 0',
      '  const allowed = { private: true, public: 1 }',
      '  private: true,',
    ]
    expect(keywordMembers([{ path: 'src/a.ts', text: others.join('\n') }])).toEqual([])
  })
})

describe('sizes', () => {
  test('longFiles() counts lines, wideFiles() exported values', () => {
    const path = 'src/core/a.ts'
    const line = 'export const a = 1\n'
    expect(longFiles([{ path, text: line.repeat(300) }])).toEqual([])
    expect(longFiles([{ path, text: line.repeat(301) }])).toHaveLength(1)
    expect(wideFiles([{ path, text: line.repeat(5) + 'export interface A {}\n'.repeat(5) }])).toEqual([])
    expect(wideFiles([{ path: 'test/support/a.ts', text: line.repeat(6) }])).toEqual([])
    expect(wideFiles([{ path, text: `${line.repeat(5)}export async function b() {}\n` }])).toHaveLength(1)
  })
})

describe('papers', () => {
  test('headless() finds a script that starts with code', () => {
    expect(headless([{ path: 'src/redis/scripts/spend.lua', text: 'local a = 1' }])).toHaveLength(1)
    expect(headless([{ path: 'src/redis/scripts/spend.lua', text: '-- Takes hits.\nlocal a = 1' }])).toEqual([])
    expect(headless([{ path: 'test/fixtures/a.sql', text: 'SELECT 1' }])).toEqual([])
  })

  test('undocumentedCodes() finds a code without heading and a heading without code', () => {
    expect(undocumentedCodes(['internal'], '# Errors\n\n## `internal`\n')).toEqual([])
    expect(undocumentedCodes(['too_large'], '## Too_large\n\nbig')).toEqual([])
    expect(undocumentedCodes(['quota'], '<a id="quota"></a>\n## The quota ran out\n')).toEqual([])
    expect(undocumentedCodes(['internal'], '# Errors\n')).toEqual(['internal is not explained'])
    expect(undocumentedCodes([], '## `internal`\n')).toEqual(['internal is not a code any more'])
  })

  test('unionMembers() reads a union over several lines and nothing after it', () => {
    const source =
      "export type Other = 'x'\nexport type Cause =\n  | 'rate'\n  | 'quota'\n\nexport interface A { b: 'c' }"
    expect(unionMembers('Cause', source)).toEqual(['rate', 'quota'])
    expect(unionMembers('Missing', source)).toEqual([])
  })

  test.each([
    ['', 'work', 'main'].join('/'),
    ['..', 'shared', 'x'].join('/'),
    ['see design', 'md'].join('.'),
    ['see facts', 'clients'].join('/'),
    JSON.stringify({ resolved: 'https://example.org' }).slice(1),
  ])('foreignLines() finds %s', (text) => {
    expect(foreignLines([{ path: 'README.md', text: `one\n${text}` }])).toHaveLength(1)
  })
})
