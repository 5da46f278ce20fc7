import { type SourceFile, withoutComments } from './tree.ts'

const KEYWORD = /^\s*(?:private|protected|public)\s+(?:static\s+|readonly\s+|async\s+|override\s+)*[#\w]+\s*[(:=;<?]/

/** Class members hidden or shown by a keyword, which vanishes at run time: `#name` hides, nothing shows. */
export function keywordMembers(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(({ path, text }) =>
      withoutComments(text)
        .split('\n')
        .flatMap((line, index) => (KEYWORD.test(line) ? [`${path}:${index + 1}${line}`] : [])),
    )
}
