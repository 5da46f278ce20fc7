import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openRequestOffice, type RequestOffice } from '../../support/request-office.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/requests.md'), 'utf8')
const commands = [...guide.matchAll(/^npm run tollgate -- (.*)$/gm)].map(([, line = '']) => line)
const statements = [...guide.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].flatMap(([, sql = '']) => sql.trim().split('\n'))
const example = 'ask-1f2e3d4c5b6a'

/** The example's request, open, of a limit that the guide names. */
async function openExample({ database }: RequestOffice): Promise<void> {
  await database.pool.query(`
    DELETE FROM tollgate.quota_request; DELETE FROM tollgate.grant;
    UPDATE tollgate.limit_rule SET name = 'daily-credits' WHERE name = 'daily';
    INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, ends_at)
    VALUES ('${example}', 'alice', 'daily-credits', 'alice', 5000, now() + interval '3 days')`)
}

/** As a shell splits it: words, and what is in double quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
}

test.each(commands)('tollgate %s', async (line) => {
  await using office = await openRequestOffice()
  await openExample(office)
  if (line.startsWith('grant end')) await office.database.pool.query(`SELECT tollgate.approve_request('${example}')`)
  const context = recordedContext({ requests: async () => office.tools })
  expect(await runCli(wordsOf(line), context), context.errors()).toBe(0)
})

test.each(statements)('%s', async (sql) => {
  await using office = await openRequestOffice()
  await openExample(office)
  if (sql.startsWith('UPDATE')) await office.database.pool.query(`SELECT tollgate.approve_request('${example}')`)
  expect((await office.database.pool.query(sql)).rowCount).toBe(1)
})

test('the guide has commands and statements to be tried', () => {
  expect(commands.length).toBeGreaterThan(6)
  expect(statements.length).toBeGreaterThan(4)
})
