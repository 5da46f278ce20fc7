import { type SourceFile, withoutComments } from './tree.ts'

const LINES_MAX = 300
const EXPORTS_MAX = 5
const SIZED = /\.(?:ts|mjs|lua)$/
const EXPORTED_VALUE = /^export (?:async )?(?:const|let|function\*?|class) /gm

/** Files longer than a reader takes in at once. Functions and parameters are measured by the linter. */
export function longFiles(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => SIZED.test(path))
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines, ${LINES_MAX} are allowed`)
}

/**
 * Files that offer too much: functions, constants and classes count; the types that go with them, and what only tests
 * share, do not.
 */
export function wideFiles(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !path.startsWith('test/'))
    .map(({ path, text }) => ({ path, count: [...withoutComments(text).matchAll(EXPORTED_VALUE)].length }))
    .filter(({ count }) => count > EXPORTS_MAX)
    .map(({ path, count }) => `${path} exports ${count} things, ${EXPORTS_MAX} are allowed`)
}
