import { posix } from 'node:path'
import { type SourceFile, withoutComments } from './tree.ts'

export interface Import {
  readonly from: string
  /** A path of the repository, or the name of a package or of a module of Node. */
  readonly to: string
  readonly isInside: boolean
  /** Nothing but types: gone at run time. */
  readonly isTypeOnly: boolean
}

const STATEMENT = /(?:^|\n)\s*(?:import|export)\b([^'"`;]*?)\bfrom\s*['"]([^'"]+)['"]/g
const BARE_OR_DYNAMIC = /\bimport\s*\(?\s*['"]([^'"]+)['"]/g

/** Every import and re-export of a TypeScript file, also those over several lines, bare and dynamic ones. */
export function importsOf({ path, text }: SourceFile): readonly Import[] {
  const code = withoutComments(text)
  const statements = [...code.matchAll(STATEMENT)].map(([, names = '', target = '']) => ({
    target,
    isTypeOnly: isTypeOnly(names),
  }))
  const others = [...code.matchAll(BARE_OR_DYNAMIC)].map(([, target = '']) => ({ target, isTypeOnly: false }))
  return [...statements, ...others].map(({ target, isTypeOnly }) => {
    const isInside = target.startsWith('.')
    return { from: path, to: isInside ? posix.join(posix.dirname(path), target) : target, isInside, isTypeOnly }
  })
}

/** `type { A }`, `{ type A, type B }`. */
function isTypeOnly(names: string): boolean {
  if (/^\s*type\b/.test(names)) return true
  const inBraces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1]
  if (inBraces === undefined) return false
  const each = inBraces.split(',').filter((name) => name.trim() !== '')
  return each.length > 0 && each.every((name) => /^\s*type\s/.test(name))
}
