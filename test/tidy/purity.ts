import { type SourceFile, withoutComments } from './tree.ts'

/** What makes an answer depend on anything but the arguments. */
const IMPURE: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bTemporal\.Now\b/,
  /\bMath\.random\b/,
  /\bperformance\b\s*\./,
  /\bprocess\b\s*[.[]/,
  /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/,
  /\b(?:fetch|globalThis|console)\b\s*[.([]/,
  /\bcrypto\s*\./,
  /['"]node:/,
  /\basync\b|\bawait\b/,
  /\bPromise\b/,
]

/** Lines of src/core that reach for a clock, randomness, the process, Node or the future. */
export function impureLines(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => path.startsWith('src/core/'))
    .flatMap(({ path, text }) =>
      withoutComments(text)
        .split('\n')
        .flatMap((line, index) =>
          IMPURE.filter((pattern) => pattern.test(line)).map(() => `${path}:${index + 1}${line}`),
        ),
    )
}

const ENVIRONMENT = /\bprocess\s*(?:\.|\?\.)\s*env\b|\bprocess\s*\[|\benv\b[^;\n]*from ['"](?:node:)?process['"]/

/** Files of src, other than the settings, that read the environment. */
export function environmentReaders(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts') && path !== 'src/settings.ts')
    .filter(({ text }) => ENVIRONMENT.test(withoutComments(text)))
    .map(({ path }) => `${path} reads the environment, which is for src/settings.ts alone`)
}
