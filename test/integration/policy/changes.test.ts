import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createDatabase } from '../../support/databases.ts'
import { onePerson } from '../../support/policy.ts'

async function withPerson(
  work: (client: pg.Client, another: () => Promise<pg.Client>) => Promise<void>,
): Promise<void> {
  await using database = await createDatabase()
  const clients: pg.Client[] = []
  const another = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    clients.push(client)
    return client
  }
  const client = await another()
  try {
    await client.query(onePerson)
    await work(client, another)
  } finally {
    for (const one of clients) await one.end()
  }
}

async function changesOf(client: pg.Client, table: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await client.query(
    `SELECT by, key, old, new FROM tollgate.policy_change WHERE table_name = $1 ORDER BY id`,
    [table],
  )
  return rows
}

const versionOf = async (client: pg.Client): Promise<number> =>
  (await client.query<{ version: number }>('SELECT version::int FROM tollgate.policy_version')).rows[0]?.version ?? -1

describe('tollgate.policy_change', () => {
  test('keeps who changed what, before and after, whatever the statement', async () => {
    await withPerson(async (client) => {
      await client.query(`SET tollgate.actor = 'alice'; UPDATE tollgate.plan SET token_days_max = 9`)
      await client.query(`RESET tollgate.actor; UPDATE tollgate.plan SET id = 'gratis'`)
      const user = (await client.query<{ name: string }>('SELECT session_user AS name')).rows[0]?.name
      const changes = await changesOf(client, 'plan')
      expect(changes[1]).toMatchObject({
        by: 'alice',
        key: 'free',
        old: { token_days_max: 7 },
        new: { token_days_max: 9 },
      })
      const renamed = changes.slice(2).toSorted((left, right) => (String(left['key']) < String(right['key']) ? -1 : 1))
      expect(renamed).toMatchObject([
        { by: user, key: 'free', old: { id: 'free' }, new: null },
        { by: user, key: 'gratis', old: null, new: { id: 'gratis' } },
      ])
      // The account followed its plan by ON UPDATE CASCADE, and that is written down too.
      expect((await changesOf(client, 'account')).at(-1)).toMatchObject({
        old: { plan: 'free' },
        new: { plan: 'gratis' },
      })
    })
  })

  test('keeps every row that a TRUNCATE took, of every table it cascaded to', async () => {
    await withPerson(async (client) => {
      await client.query(`INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
        VALUES ('t', 'alice', repeat('ab', 32), 'tg_…', now() + interval '1 day')`)
      await client.query('TRUNCATE tollgate.account CASCADE')
      expect((await changesOf(client, 'account')).at(-1)).toMatchObject({
        key: 'alice',
        old: { id: 'alice' },
        new: null,
      })
      expect((await changesOf(client, 'token')).at(-1)).toMatchObject({ key: 't', new: null })
    })
  })

  test('shows secret columns by digest only', async () => {
    await withPerson(async (client) => {
      await client.query(`INSERT INTO tollgate.upstream (id, surface, origin_url, grammar, credential)
        VALUES ('u', 'pypi', 'http://x', 'pypi', 'env:TOLLGATE_UPSTREAM_MIRROR')`)
      await client.query(
        `UPDATE tollgate.upstream SET credential = 'env:TOLLGATE_UPSTREAM_OTHER'; TRUNCATE tollgate.upstream`,
      )
      const text = JSON.stringify(await changesOf(client, 'upstream'))
      expect(text).not.toMatch(/MIRROR_TOKEN|OTHER/)
      expect(text.match(/sha256:[0-9a-f]{64}/g)).toHaveLength(4)
    })
  })

  test('takes no version for a statement that changes nothing', async () => {
    await withPerson(async (client) => {
      const before = await versionOf(client)
      await client.query(`UPDATE tollgate.plan SET token_days_max = 7; DELETE FROM tollgate.plan WHERE id = 'none';
        TRUNCATE tollgate.access_rule; INSERT INTO tollgate.plan (id) VALUES ('free') ON CONFLICT DO NOTHING`)
      expect(await versionOf(client)).toBe(before)
    })
  })

  test('takes one version for all statements of a transaction, at its end', async () => {
    await withPerson(async (client, another) => {
      const other = await another()
      const before = await versionOf(client)
      await client.query(
        `BEGIN; INSERT INTO tollgate.plan (id) VALUES ('a'); INSERT INTO tollgate.plan (id) VALUES ('b')`,
      )
      expect(await versionOf(other)).toBe(before)
      await client.query('COMMIT')
      expect(await versionOf(other)).toBe(before + 1)
    })
  })
})

describe('an open transaction that writes policy', () => {
  test.each(['READ COMMITTED', 'REPEATABLE READ'])('blocks no other at %s', async (level) => {
    await withPerson(async (first, another) => {
      const second = await another()
      for (const client of [first, second])
        await client.query(`SET lock_timeout = 1000; BEGIN ISOLATION LEVEL ${level}`)
      await first.query(`INSERT INTO tollgate.plan (id) VALUES ('first')`)
      await second.query(`INSERT INTO tollgate.plan (id) VALUES ('second')`)
      await second.query('COMMIT')
      await first.query(`UPDATE tollgate.plan SET token_days_max = 3 WHERE id = 'first'`)
      await first.query('COMMIT')
      const { rows } = await first.query(`SELECT h.key FROM tollgate.policy_change h
        JOIN tollgate.policy_commit c ON c.id = h.commit WHERE h.key IN ('first', 'second') ORDER BY c.version, h.id`)
      expect(rows.map((row) => row.key)).toEqual(['second', 'first', 'first'])
    })
  })
})

describe('versions', () => {
  test('become visible in their order: who takes a later one waits until the earlier is committed', async () => {
    await withPerson(async (first, another) => {
      const [second, reader] = [await another(), await another()]
      const before = await versionOf(reader)
      await first.query(`BEGIN; INSERT INTO tollgate.plan (id) VALUES ('first'); SET CONSTRAINTS ALL IMMEDIATE`)
      const committed = second.query(`INSERT INTO tollgate.plan (id) VALUES ('second')`)
      const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      await expect.poll(async () => (await reader.query(waiting)).rowCount).toBe(1)
      expect(await versionOf(reader)).toBe(before)
      await first.query('COMMIT')
      await committed
      expect(await versionOf(reader)).toBe(before + 2)
    })
  })
})

describe('the life of a token', () => {
  test('may be shortened after its plan came down, and its account renamed, but not prolonged', async () => {
    await withPerson(async (client) => {
      await client.query(`INSERT INTO tollgate.token (id, account, digest, hint, expires_at)
          VALUES ('t', 'alice', repeat('ab', 32), 'tg_…', now() + interval '7 days');
        UPDATE tollgate.plan SET token_days_max = 1`)
      await client.query(`UPDATE tollgate.token SET expires_at = expires_at - interval '1 day'`)
      await client.query(`UPDATE tollgate.account SET id = 'alicia'`)
      await expect(
        client.query(`UPDATE tollgate.token SET expires_at = expires_at + interval '1 second'`),
      ).rejects.toMatchObject({ constraint: 'token_expires_within_plan_days' })
    })
  })
})

describe('partitions', () => {
  test('are set at insert whatever was written, and kept by those who move', async () => {
    await withPerson(async (client) => {
      const { rows } = await client.query(`SELECT a.partition = d.partition AS same, d.partition AS partition,
          get_byte(sha256('research'), 0) AS wanted
        FROM tollgate.account a, tollgate.department d`)
      expect(rows[0]).toMatchObject({ same: true, partition: rows[0]?.wanted })
      await client.query(`INSERT INTO tollgate.department (id, partition) VALUES ('restoration', 3);
        UPDATE tollgate.project SET department = 'restoration'`)
      const moved = await client.query(`SELECT p.partition AS project, d.partition AS department FROM tollgate.project p
        JOIN tollgate.department d ON d.id = 'restoration'`)
      expect(moved.rows[0]?.project).toBe(rows[0]?.partition)
      expect(moved.rows[0]?.department).not.toBe(3)
    })
  })
})
