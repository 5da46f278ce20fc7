import { z } from 'zod'
import type { Token } from '../core/principal.ts'
import type { RawRow } from './ports.ts'
import type { Substitute, TableReader } from './quarantine.ts'
import { partition, rowReader, slug } from './row-schema.ts'

const hint = 'token_hint_shows_no_secret'

export const tokenReader: TableReader<Token> = {
  table: 'token',
  read: rowReader(
    z.strictObject({
      id: slug,
      account: slug,
      partition: partition('token_partition_is_0_to_255'),
      digest: z.string().regex(/^[0-9a-f]{64}$/, { error: 'token_digest_is_sha256_in_hex' }),
      hint: z.string().min(1, { error: hint }).max(20, { error: hint }),
      created_at_ms: z.number({ error: 'token_expires_after_it_is_created' }),
      expires_at_ms: z.number({ error: 'token_expires_after_it_is_created' }),
      revoked_at_ms: z.number({ error: 'token_revoked_at_is_a_time' }).nullable(),
    }),
    [['token_expires_after_it_is_created', (row) => row.expires_at_ms > row.created_at_ms]],
    ({ id, account, partition, digest, expires_at_ms, revoked_at_ms }) => ({
      id,
      account: shared(account),
      partition,
      digest,
      expiresAtMs: expires_at_ms,
      ...(revoked_at_ms !== null && { revokedAtMs: revoked_at_ms }),
    }),
  ),
  substitute: stricterToken,
  heldWhenEmptied: false,
}

/**
 * A faulty token is never held back: what was known of it stays in force only as far as the new row does not take it away. A row that
 * is not the same secret of the same account any more, or was never seen good, lets nobody in.
 */
function stricterToken(row: RawRow, before: Token | undefined): Substitute<Token> | undefined {
  if (before === undefined || row['digest'] !== before.digest || row['account'] !== before.account) return undefined
  const revokedAtMs = earlier(before.revokedAtMs, row['revoked_at_ms'])
  const noun = {
    ...before,
    expiresAtMs: earlier(before.expiresAtMs, row['expires_at_ms']) ?? before.expiresAtMs,
    ...(revokedAtMs !== undefined && { revokedAtMs }),
  }
  return { noun, inForce: 'stricter of old and new' }
}

/** One text for all tokens of an account: each row brings its own copy. */
const accounts = new Map<string, string>()
const accountsMax = 100_000

function shared(account: string): string {
  const known = accounts.get(account)
  if (known !== undefined) return known
  if (accounts.size >= accountsMax) accounts.clear()
  accounts.set(account, account)
  return account
}

/** The earlier of those that are times; −Infinity is one. */
function earlier(left: number | undefined, right: unknown): number | undefined {
  if (typeof right !== 'number' || Number.isNaN(right)) return left
  return left === undefined ? right : Math.min(left, right)
}
