import { z } from 'zod'

/** An instant that somebody asks for, as epoch milliseconds. */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-11-22T10:00:00Z' })
  .transform((text) => Date.parse(text))

/** An amount in the unit of `limit_rule.amount`, at most three decimals, as the decimal text that use cases take. */
export const amount = z
  .number()
  .positive()
  .max(4_503_599_627_370_496)
  .refine((number) => /^\d{1,16}(\.\d{1,3})?$/.test(String(number)), 'must have at most three decimals')
  .transform(String)
