import { z } from 'zod'
import { layoutNames } from '../core/layout.ts'
import type { Upstream } from '../core/upstream.ts'
import { lastGood, type TableReader } from './quarantine.ts'
import { oneOf, rowReader, slug } from './row-schema.ts'

function text(pattern: RegExp, constraint: string): z.ZodType<string> {
  return z.string({ error: constraint }).max(500, { error: constraint }).regex(pattern, { error: constraint })
}

export const upstreamReader: TableReader<Upstream> = {
  table: 'upstream',
  read: rowReader(
    z.strictObject({
      id: slug,
      surface: oneOf(['pypi', 'gpu'], 'upstream_surface_is_known'),
      host: text(/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/, 'upstream_host_is_lower_case_without_port').nullable(),
      mount_path: text(/^(?=.{0,200}$)(\/[A-Za-z0-9._~+-]+)*$/, 'upstream_mount_path_has_no_last_slash'),
      origin_url: text(/^https?:\/\/[A-Za-z0-9._:[\]-]+(\/[^\s?#]*)?$/, 'upstream_origin_url_is_http'),
      grammar: oneOf(layoutNames, 'upstream_grammar_is_known'),
      credential: text(
        /^(env:TOLLGATE_UPSTREAM_[A-Za-z0-9_]{1,80}|file:\/\S{1,250})$/,
        'upstream_credential_is_a_reference',
      ).nullable(),
    }),
    [],
    (row) => ({
      id: row.id,
      surface: row.surface,
      mountPath: row.mount_path,
      originUrl: row.origin_url,
      grammar: row.grammar,
      ...(row.host !== null && { host: row.host }),
      ...(row.credential !== null && { credential: row.credential }),
    }),
  ),
  substitute: lastGood,
  heldWhenEmptied: true,
}
