import { z } from 'zod'
import { parseCidr } from '../core/cidr.ts'
import type { DescriptorStep, ValueMatch } from '../core/descriptor-rule.ts'
import { shared } from './shared-parts.ts'
import { isValuePattern } from './value-pattern.ts'

const isPath = 'descriptor_limit_entries_are_a_path'
const isRegex = 'descriptor_limit_regex_is_re2'
const isNetwork = 'descriptor_limit_cidr_is_a_network'
const stepsMax = 10

const entry = z.strictObject(
  {
    key: text({ from: 1, to: 255 }),
    value: text({ from: 0, to: 1_000 }).optional(),
    regex: text({ from: 1, to: 500 }).refine(isValuePattern, { error: isRegex }).optional(),
    cidr: text({ from: 2, to: 50 })
      .refine((cidr) => parseCidr(cidr) !== undefined, { error: isNetwork })
      .optional(),
    share_threshold: z.boolean({ error: isPath }).optional(),
    value_to_metric: z.boolean({ error: isPath }).optional(),
  },
  { error: isPath },
)
type Entry = z.output<typeof entry>

/** The column `entries`: 1 to 10 steps, each with at most one of value, regex and cidr. */
export const descriptorPath = z
  .array(
    entry.refine(({ value, regex, cidr }) => [value, regex, cidr].filter((one) => one !== undefined).length <= 1, {
      error: isPath,
    }),
    { error: isPath },
  )
  .min(1, { error: isPath })
  .max(stepsMax, { error: isPath })
  .transform((entries) => entries.map((one) => stepOf(one)))

/** Of a path that is not valid what is: a step of which only the key can be read takes any value. Undefined: not even the keys can. */
export function readablePath(entries: unknown): readonly DescriptorStep[] | undefined {
  if (!Array.isArray(entries) || entries.length < 1 || entries.length > stepsMax) return undefined
  const steps = entries.map((one: unknown): DescriptorStep | undefined => {
    const whole = entry.safeParse(one)
    if (whole.success) return stepOf(whole.data)
    const key = keyOnly.safeParse(one)
    return key.success ? stepOf(key.data) : undefined
  })
  return steps.every((step) => step !== undefined) ? steps : undefined
}

const keyOnly = z.object({ key: entry.shape.key })

const anyValue: ValueMatch = { kind: 'any' }

function stepOf({ key, share_threshold: shares, value_to_metric: told, ...match }: Entry): DescriptorStep {
  return { key: shared(key), match: matchOf(match), sharesThreshold: shares ?? false, valueToMetric: told ?? false }
}

function matchOf({ value, regex, cidr }: Omit<Entry, 'key'>): ValueMatch {
  if (regex !== undefined) return { kind: 'regex', pattern: regex }
  if (cidr !== undefined) return { kind: 'cidr', cidr }
  if (value === undefined) return anyValue
  return value.includes('*') ? { kind: 'wildcard', value } : { kind: 'exact', value }
}

/** So many characters as PostgreSQL counts them. */
function text({ from, to }: { readonly from: number; readonly to: number }): z.ZodString {
  const isLong = new RegExp(`^.{${from},${to}}$`, 'su')
  return z.string({ error: isPath }).regex(isLong, { error: isPath })
}
