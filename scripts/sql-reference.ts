import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../src/postgres/embedded.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { createScratchFolder, rootFolder } from './state-folder.ts'

const page = join(rootFolder, 'docs/reference/sql.md')

const columnsQuery = `
  SELECT c.relname AS table_name, obj_description(c.oid, 'pg_class') AS table_comment, a.attname AS name,
    CASE WHEN t.typnamespace = 'tollgate'::regnamespace THEN t.typname ELSE format_type(a.atttypid, a.atttypmod) END AS type,
    a.attnotnull AS is_required, pg_get_expr(d.adbin, d.adrelid) AS default, col_description(c.oid, a.attnum) AS comment
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
    AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY c.relname, a.attnum`

const constraintsQuery = `
  SELECT c.relname AS table_name, n.conname AS name, pg_get_constraintdef(n.oid) AS definition
  FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
  WHERE n.connamespace = 'tollgate'::regnamespace AND n.contype IN ('c', 'f', 'u') ORDER BY c.relname, n.conname`

const functionsQuery = `
  SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_proc p WHERE p.pronamespace = 'tollgate'::regnamespace AND p.prorettype <> 'trigger'::regtype ORDER BY p.proname`

interface Column {
  readonly table_name: string
  readonly table_comment: string
  readonly name: string
  readonly type: string
  readonly is_required: boolean
  readonly default: string | null
  readonly comment: string
}

interface Constraint {
  readonly table_name: string
  readonly name: string
  readonly definition: string
}

/** The page on the schema, made from its COMMENTs and constraints as they stand in a migrated database. */
export async function renderSqlReference(client: pg.ClientBase): Promise<string> {
  // Whatever the user's search path is, names are written out in full.
  await client.query('SET search_path = pg_catalog')
  const columns = await client.query<Column>(columnsQuery, ['tollgate'])
  const report = await viewsOf(client, 'tollgate_report')
  const people = await viewsOf(client, 'tollgate_report_people')
  const constraints = await client.query<Constraint>(constraintsQuery)
  const functions = await client.query<{ name: string; arguments: string; comment: string }>(functionsQuery)
  const tables = [...Map.groupBy(columns.rows, (row) => row.table_name).values()]
  return [
    '# The schema `tollgate`',
    'Made from the COMMENTs of the migrations by `node scripts/bootstrap.mjs scripts/sql-reference.ts`; edit those, not this page. Policy is changed by plain SQL and is in force everywhere within a second of its COMMIT. Ids are of the domain `slug`: 1 to 64 of `a-z`, `0-9`, dot, underscore and hyphen.',
    ...tables.map((table) => tableText(table, constraints.rows)),
    '## Functions',
    functions.rows.map((row) => `- \`tollgate.${row.name}(${row.arguments})\`: ${row.comment}`).join('\n'),
    '## The schema `tollgate_report`',
    'Views for dashboards and for people who only read: the role `tollgate_reader` may read them and nothing else. No secret is in them, and no packages and models of single people.',
    ...report,
    '## The schema `tollgate_report_people`',
    'What single people used: the role `tollgate_people_reader` may read these and `tollgate_report`. For the person and for administrators.',
    ...people,
    '',
  ].join('\n\n')
}

async function viewsOf(client: pg.ClientBase, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<Column>(columnsQuery, [schema])
  const named = rows.map((row) => ({ ...row, table_name: `${schema}.${row.table_name}` }))
  return [...Map.groupBy(named, (row) => row.table_name).values()].map((columns) => tableText(columns, []))
}

function tableText(columns: readonly Column[], constraints: readonly Constraint[]): string {
  const [first] = columns
  const name = first?.table_name ?? ''
  const own = constraints.filter((constraint) => constraint.table_name === name)
  const lines = columns.map(
    (column) => `| \`${column.name}\` | ${column.type} | ${necessityOf(column)} | ${cell(column.comment)} |`,
  )
  const rules = own.map((rule) => `- \`${rule.name}\`: \`${rule.definition.replaceAll(/\s+/g, ' ')}\``)
  const table = ['| column | type | | means |', '|---|---|---|---|', ...lines].join('\n')
  return [`## ${name}`, first?.table_comment ?? '', table, ...(rules.length > 0 ? [rules.join('\n')] : [])].join('\n\n')
}

function necessityOf({ is_required: isRequired, default: value }: Column): string {
  if (value !== null && value.length <= 40) return `default \`${cell(value)}\``
  if (value !== null) return 'made at insert'
  return isRequired ? 'required' : 'optional'
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

async function main(): Promise<void> {
  const options = { binariesFolder: bundledPostgresFolder, dataFolder: createScratchFolder('postgres'), fsync: false }
  const postgres = await startEmbeddedPostgres(options)
  try {
    await migrate(postgres.url)
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    mkdirSync(dirname(page), { recursive: true })
    writeFileSync(page, await renderSqlReference(client))
    await client.end()
  } finally {
    await postgres.stop()
  }
}

if (import.meta.main) await main()
