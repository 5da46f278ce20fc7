import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** What git ignores, and git itself. */
const SKIPPED = new Set(['.git', '.cache', 'node_modules', 'coverage'])

/** Every file of the repository, sorted by path. */
export function readTree(root: string, folder: string = root): readonly SourceFile[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (SKIPPED.has(entry.name)) return []
    if (entry.isDirectory()) return readTree(root, path)
    return entry.isFile() ? [{ path: relative(root, path), text: readFileSync(path, 'utf8') }] : []
  })
}

/** The code of a TypeScript file without its comments; lines keep their numbers. */
export function withoutComments(text: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, ' ')
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<![:'"`\\])\/\/.*$/gm, blank)
}
