import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { faultCodes } from '../src/core/fault.ts'
import { metricTable } from '../src/telemetry/metric-table.ts'
import { forbiddenArrows } from './tidy/arrows.ts'
import { keywordMembers } from './tidy/classes.ts'
import { importsOf } from './tidy/imports.ts'
import { foreignLines, headless, undocumentedCodes, unionMembers } from './tidy/papers.ts'
import { expressionsOf, promqlFaults } from './tidy/promql.ts'
import { environmentReaders, impureLines } from './tidy/purity.ts'
import { longFiles, wideFiles } from './tidy/sizes.ts'
import { readTree } from './tidy/tree.ts'

const root = join(import.meta.dirname, '..')
const files = readTree(root)
const textOf = (wanted: string): string => files.find(({ path }) => path === wanted)?.text ?? ''
const imports = files.filter(({ path }) => path.endsWith('.ts')).flatMap(importsOf)

// That each rule fires is shown in test/unit/tidy/; that it sees the repository, here.
describe('the repository', () => {
  test('is seen whole by these rules', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(imports.length).toBeGreaterThan(200)
    expect(files.filter(({ path }) => path.startsWith('src/core/')).length).toBeGreaterThan(10)
    expect(files.filter(({ path }) => /^src\/.*\.(?:lua|sql)$/.test(path)).length).toBeGreaterThan(5)
    expect(imports.filter(({ from, isInside }) => from.startsWith('src/') && isInside).length).toBeGreaterThan(50)
  })

  test('keeps the arrows between the rooms', () => {
    expect(forbiddenArrows(imports)).toEqual([])
  })

  test('decides in core without clock, randomness, I/O or promises', () => {
    expect(impureLines(files)).toEqual([])
  })

  test('reads the environment in src/settings.ts alone', () => {
    expect(environmentReaders(files)).toEqual([])
  })

  test('hides class members by # and not by a keyword', () => {
    expect(keywordMembers(files)).toEqual([])
  })

  test('has no file of more than 300 lines', () => {
    expect(longFiles(files)).toEqual([])
  })

  test('has no file that exports more than five things', () => {
    expect(wideFiles(files)).toEqual([])
  })

  test('says at the head of every Lua and SQL file what it is for', () => {
    expect(headless(files)).toEqual([])
  })

  test('explains every fault in docs/reference/errors.md', () => {
    expect(undocumentedCodes(faultCodes, textOf('docs/reference/errors.md'))).toEqual([])
  })

  test('explains every cause of a refusal in docs/blocked.md, where the type of a problem points', () => {
    const causes = unionMembers('Cause', textOf('src/core/verdict.ts'))
    expect(causes).toContain('quota')
    const ofDescriptors = unionMembers('DescriptorCause', textOf('src/core/problem.ts'))
    expect(ofDescriptors).toContain('rate_limit')
    expect(undocumentedCodes([...new Set([...causes, ...ofDescriptors])], textOf('docs/blocked.md'))).toEqual([])
  })

  test('has a lockfile that npm ci accepts on every platform', () => {
    const script = join(root, 'scripts/complete-lockfile.mjs')
    const check = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
    expect(check.stdout + check.stderr).toBe('')
    expect(check.status).toBe(0)
  })

  test('shows in dashboards and alert rules only metrics, labels and values that exist', () => {
    const expressions = expressionsOf(files)
    expect(expressions.length).toBeGreaterThan(40)
    expect(
      expressions.flatMap(({ at, text }) => promqlFaults(text, metricTable).map((fault) => `${at}: ${fault}`)),
    ).toEqual([])
  })

  test('speaks of itself alone', () => {
    expect(foreignLines(files)).toEqual([])
  })
})
