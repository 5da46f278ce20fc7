import { z } from 'zod'

/** RFC 9457; for the OpenAPI document. */
export const problemSchema = z.strictObject({
  type: z.string().describe('Names the kind of problem; explained in the reference.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('A sentence to act on.'),
  instance: z.string().describe('Names this request.'),
  errors: z
    .array(z.strictObject({ field: z.string(), message: z.string() }))
    .optional()
    .describe('Every field that is at fault.'),
  limit: z.string().optional().describe('The limit that refused.'),
  retry_after_ms: z.number().optional(),
})
