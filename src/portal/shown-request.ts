import { z } from 'zod'
import { rowUnitWord } from '../core/amount-words.ts'
import type { Beneficiary, ListedGrant, QuotaRequest } from '../manage/request-ports.ts'
import { shownTime, shownTimeOrNull, slug, time } from './fields.ts'

/** Whom more is for. */
export const beneficiary = z.strictObject({ kind: z.enum(['account', 'project', 'department']), id: slug })

const unit = z.string().nullable().describe('What the amount is of, as credits; null: the limit is gone.')

export const requestSchema = z.strictObject({
  id: slug,
  asked_by: slug,
  limit: slug,
  for: beneficiary,
  amount: z.number().describe('How much more, in the unit of the limit.'),
  unit,
  until: time,
  reason: z.string(),
  state: z.enum(['open', 'approved', 'declined', 'withdrawn', 'expired']),
  asked_at: time,
  decided_by: slug.nullable().describe('null while it is open, and when the operator decided.'),
  decided_at: time.nullable(),
  decision_note: z.string(),
  grant: slug.nullable().describe('What an approval made.'),
  granted: z
    .strictObject({ amount: z.number(), until: time })
    .nullable()
    .describe('What it gave, and until when: perhaps less than was asked.'),
})

export const grantSchema = z.strictObject({
  id: slug,
  kind: z
    .enum(['raise', 'pack'])
    .describe('raise: so much more in every window. pack: so much once, spent before the limit.'),
  limit: slug,
  for: beneficiary,
  amount: z.number(),
  unit,
  spent: z.number().describe('Of a pack, in windows that are over.'),
  starts_at: time,
  ends_at: time,
  state: z.enum(['coming', 'running', 'ended']),
  note: z.string(),
})

export function shownRequest(one: QuotaRequest): z.output<typeof requestSchema> {
  const { id, askedBy, limitName, amount, endsAtMs, reason, state, askedAtMs, decisionNote } = one
  return {
    ...{ id, asked_by: askedBy, limit: limitName, for: shownFor(one.for), amount: Number(amount), reason, state },
    unit: unitOf(one),
    ...{ until: shownTime(endsAtMs), asked_at: shownTime(askedAtMs), decision_note: decisionNote },
    decided_by: one.decidedBy ?? null,
    decided_at: shownTimeOrNull(one.decidedAtMs),
    grant: one.grantId ?? null,
    granted: one.granted ? { amount: Number(one.granted.amount), until: shownTime(one.granted.endsAtMs) } : null,
  }
}

export function shownGrant(one: ListedGrant): z.output<typeof grantSchema> {
  const { id, kind, limitName, amount, spent, startsAtMs, endsAtMs, state, note } = one
  return {
    ...{ id, kind, limit: limitName, for: shownFor(one.for), amount: Number(amount), spent: Number(spent) },
    unit: unitOf(one),
    ...{ starts_at: shownTime(startsAtMs), ends_at: shownTime(endsAtMs), state, note },
  }
}

function unitOf({ counts }: Pick<QuotaRequest, 'counts'>): string | null {
  return counts === undefined ? null : rowUnitWord(counts)
}

function shownFor({ kind, id }: Beneficiary): z.output<typeof beneficiary> {
  return { kind, id }
}
