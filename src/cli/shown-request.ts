import { Option } from 'commander'
import { rowUnitWord } from '../core/amount-words.ts'
import type { Page } from '../manage/ports.ts'
import type { Beneficiary, ListedGrant, QuotaRequest } from '../manage/request-ports.ts'
import { isoTime, type Result, shownTime } from './output.ts'
import { type TableRow, textList, textTable } from './table.ts'

export function shownRequest(request: QuotaRequest): Result {
  const text = textList({
    ...rowOf(request),
    asked: shownTime(request.askedAtMs),
    reason: request.reason || undefined,
    decided: shownTime(request.decidedAtMs),
    by: request.decidedBy,
    note: request.decisionNote || undefined,
    grant: request.grantId,
    granted: request.granted && amountText({ ...request, amount: request.granted.amount }),
    'granted until': shownTime(request.granted?.endsAtMs),
  })
  return { text, json: requestJson(request) }
}

export function shownRequests({ rows, next }: Page<QuotaRequest>): Result {
  const shown = rows.map((row) => ({ ...rowOf(row), reason: row.reason }))
  return {
    text: `${textTable(shown, 'no requests')}${more(next)}`,
    json: { requests: rows.map(requestJson), ...nextJson(next) },
  }
}

export function shownGrant(grant: ListedGrant): Result {
  return { text: textList({ ...grantRow(grant), note: grant.note || undefined }), json: grantJson(grant) }
}

export function shownGrants({ rows, next }: Page<ListedGrant>): Result {
  const shown = rows.map((row) => ({ ...grantRow(row), note: row.note }))
  return {
    text: `${textTable(shown, 'no grants')}${more(next)}`,
    json: { grants: rows.map(grantJson), ...nextJson(next) },
  }
}

/** Whom it is for, as three options of which one is given at most. */
export function beneficiaryOptions(): readonly Option[] {
  return [
    new Option('--account <id>', 'for this account').conflicts(['project', 'department']),
    new Option('--project <id>', 'for each account of this project').conflicts('department'),
    new Option('--department <id>', 'for each account of this department'),
  ]
}

function rowOf(request: QuotaRequest): TableRow {
  return {
    ...{ id: request.id, state: request.state, 'asked by': request.askedBy, for: forText(request.for) },
    ...{ limit: request.limitName, amount: amountText(request), until: shownTime(request.endsAtMs) },
  }
}

function requestJson(request: QuotaRequest): Readonly<Record<string, unknown>> {
  return {
    ...{ id: request.id, state: request.state, asked_by: request.askedBy, for: request.for },
    ...{ limit: request.limitName, amount: request.amount, unit: unitOf(request), ends_at: isoTime(request.endsAtMs) },
    ...{ reason: request.reason, asked_at: isoTime(request.askedAtMs) },
    decided_by: request.decidedBy ?? null,
    decided_at: isoTime(request.decidedAtMs) ?? null,
    decision_note: request.decisionNote,
    grant: request.grantId ?? null,
    granted: request.granted ? { amount: request.granted.amount, ends_at: isoTime(request.granted.endsAtMs) } : null,
  }
}

function grantRow(grant: ListedGrant): TableRow {
  const { id, kind, state, limitName: limit } = grant
  const spent = kind === 'pack' ? grant.spent : undefined
  const times = { from: shownTime(grant.startsAtMs), until: shownTime(grant.endsAtMs) }
  return { id, kind, state, for: forText(grant.for), limit, amount: amountText(grant), spent, ...times }
}

function grantJson(grant: ListedGrant): Readonly<Record<string, unknown>> {
  const { id, kind, state, limitName: limit, amount, spent, note } = grant
  const times = { starts_at: isoTime(grant.startsAtMs), ends_at: isoTime(grant.endsAtMs) }
  return { id, kind, state, for: grant.for, limit, amount, unit: unitOf(grant), spent, ...times, note }
}

/** `5000 credits`; the bare number of a limit that is gone. */
function amountText({ amount, counts }: Pick<QuotaRequest, 'amount' | 'counts'>): string {
  return counts === undefined ? amount : `${amount} ${rowUnitWord(counts)}`
}

/** What the amount is an amount of; null of a limit that is gone. */
function unitOf({ counts }: Pick<QuotaRequest, 'counts'>): string | null {
  return counts === undefined ? null : rowUnitWord(counts)
}

function forText({ kind, id }: Beneficiary): string {
  return kind === 'account' ? id : `${kind} ${id}`
}

function more(next: string | undefined): string {
  return next === undefined ? '' : `There are more: --after ${next}\n`
}

function nextJson(next: string | undefined): { readonly next: string | null } {
  return { next: next ?? null }
}
