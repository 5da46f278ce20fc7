import { z } from 'zod'

const descriptorsMax = 10_000
const entriesMax = 10_000
const faultsShownMax = 10

/** A scalar field: absent or null is undefined; what `read` does not take is a fault that says what it must be. */
export function fieldOf<T>(must: string, read: (value: unknown) => T | undefined) {
  return z
    .unknown()
    .transform((value, context): T | undefined => {
      if (value === undefined || value === null) return undefined
      const found = read(value)
      if (found === undefined) context.addIssue({ code: 'custom', message: `must be ${must}` })
      return found
    })
    .optional()
}

/** A field of messages: absent or null is undefined. */
export function maybe<T extends z.ZodType>(message: T) {
  return z.preprocess((value) => value ?? undefined, message.optional())
}

/** A message: each field by its name in the .proto or in camel case, and no others. */
export function messageOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [camel(name), name]))
  return z.preprocess(
    (value, context) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return value ?? undefined
      const renamed = new Map<string, unknown>()
      for (const [key, member] of Object.entries(value)) {
        const name = names.get(key) ?? key
        if (renamed.has(name)) context.addIssue({ code: 'custom', message: `has ${name} twice, in both spellings` })
        renamed.set(name, member)
      }
      return Object.fromEntries(renamed)
    },
    z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) }),
  )
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The sentence for a call with more descriptors or entries than are read; looked at before anything else, so that reading is bounded. */
export function sizeFault(value: unknown): string | undefined {
  const descriptors = memberOf(value, 'descriptors')
  if (!Array.isArray(descriptors)) return undefined
  if (descriptors.length > descriptorsMax) {
    return `descriptors must be at most ${descriptorsMax}, are ${descriptors.length}`
  }
  let count = 0
  for (const descriptor of descriptors) {
    const entries = memberOf(descriptor, 'entries')
    if (Array.isArray(entries)) count += entries.length
  }
  return count > entriesMax ? `entries must be at most ${entriesMax} in all, are ${count}` : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

/** Each fault as a sentence that begins with its place: `descriptors[0].entries[1].key must be a text`. */
export function faultsIn(issues: readonly z.core.$ZodIssue[]): readonly string[] {
  const faults = issues.flatMap((issue) => {
    const place = placeOf(issue.path)
    if (issue.code !== 'unrecognized_keys') return [`${place || 'The body'} ${issue.message}`]
    return issue.keys.map(
      (key) => `${place === '' ? '' : `${place}.`}${key.slice(0, 60)} is not a field of RateLimitRequest`,
    )
  })
  const more = faults.length - faultsShownMax
  return more <= 0 ? faults : [...faults.slice(0, faultsShownMax), `and ${more} more`]
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}
