import { z } from 'zod'

const rowsMax = 500
const cursorLengthMax = 2_000

/** What every list is asked with. */
export const pageFields = {
  limit: z.coerce.number().int().min(1).max(rowsMax).default(50).describe('Rows at most.'),
  cursor: z.string().min(1).max(cursorLengthMax).optional().describe('`next` of the page before.'),
}

/** What every list answers. */
export function pageSchema<Row extends z.ZodType>(row: Row) {
  return z.strictObject({
    rows: z.array(row),
    next: z.string().nullable().describe('The cursor of the next page; null: this was the last.'),
  })
}
