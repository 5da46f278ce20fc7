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
 * Codes that a page gives no anchor, and headings in code type that are no code. An anchor is a heading such as
 * ``## `quota` `` or `## Quota`, or an `<a id="quota">`.
 */
export function undocumentedCodes(codes: readonly string[], page: string): readonly string[] {
  const headings = [...page.matchAll(/^#{2,4} (.+)$/gm)].map(([, heading = '']) => heading)
  const anchors = new Set([
    ...headings.map((heading) => heading.replace(/[`*]/g, '').trim().toLowerCase().replaceAll(' ', '-')),
    ...[...page.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id),
  ])
  const missing = codes.filter((code) => !anchors.has(code)).map((code) => `${code} is not explained`)
  const named = headings.flatMap((heading) => /^`([a-z_]+)`$/.exec(heading)?.[1] ?? [])
  const unknown = named.filter((code) => !codes.includes(code)).map((code) => `${code} is not a code any more`)
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
