import type { SourceFile } from './tree.ts'

/** Lua and SQL of the product that do not begin with a comment saying what they are for. */
export function headless(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path, text }) => /^src\/.*\.(?:lua|sql)$/.test(path) && !/^(?:--|\/\*)\s*\S/.test(text))
    .map(({ path }) => `${path} has no header comment`)
}

/** The members of a union of string literals, read from its source: `export type Cause = | 'rate' | 'quota'`. */
export function unionMembers(name: string, source: string): readonly string[] {
  const union = new RegExp(`export type ${name} =((?:\\s*\\|?\\s*'[^']+')+)`).exec(source)?.[1] ?? ''
  return [...union.matchAll(/'([^']+)'/g)].map(([, member = '']) => member)
}

/**
 * Codes without a heading of their own in the errors page, and headings that are no code. A heading is
 * ``## `code` ``: its anchor is the `type` of the problem a client gets.
 */
export function undocumentedCodes(codes: readonly string[], page: string): readonly string[] {
  const headings = [...page.matchAll(/^#{2,4} `([a-z_\d]+)`/gm)].map(([, code = '']) => code)
  const missing = codes.filter((code) => !headings.includes(code)).map((code) => `${code} is not explained`)
  const unknown = headings.filter((heading) => !codes.includes(heading)).map((code) => `${code} is not a code any more`)
  return [...missing, ...unknown]
}

/** Each pattern is written so that it does not match itself. */
const FOREIGN: readonly RegExp[] = [
  /\/wor[k]\//, // a path of one machine
  /\/hom[e]\/\w/,
  /\.\.\/share[d]\b/, // papers that are not part of this repository
  /\b(?:desig[n]|styl[e]|toolchai[n])\.md\b/,
  /\bfact[s]\//,
  /\b(?:sub-?agen[t]|claud[e]|anthropi[c]|chatgp[t]|copilo[t])\b/i, // how a line came to be
  /"resolve[d]":/, // the registry of whoever installed last
]

/** Lines that only make sense on somebody's machine: the project speaks of itself alone. */
export function foreignLines(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (FOREIGN.some((one) => one.test(line)) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  )
}
