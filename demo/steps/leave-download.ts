import { setTimeout as delay } from 'node:timers/promises'
import { call } from '../caller.ts'
import { leaveDownload } from '../slow-download.ts'
import { statusOf } from '../status.ts'
import { type Demo, expectThat, type Shown } from '../step.ts'
import type { Row, World } from '../world.ts'

const LEAVE_AFTER_BYTES = 10_000_000
const BYTES_PER_SECOND_MAX = 5_000_000
/** What may lie in kernel buffers between Envoy and a reader that left. */
const SLACK_BYTES = 10_000_000
const BOOKED_MS_MAX = 15_000

/** Half of a large download is charged as half, and the ledger says the same. */
export async function leaveLargeDownload({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  const before = await statusOf(world, aliceToken)
  const receivedBytes = await leaveDownload({
    url: await fileUrl(world, aliceToken, 'watermelon'),
    token: aliceToken,
    bytesPerSecondMax: BYTES_PER_SECOND_MAX,
    leaveAfterBytes: LEAVE_AFTER_BYTES,
  })
  const row = await bookedRow(world)
  const bytes = Number(row['bytes'])
  const credits = Number(row['credits'])
  const after = await statusOf(world, aliceToken)
  expectThat(bytes >= receivedBytes && bytes <= receivedBytes + SLACK_BYTES, 'the bytes sent are charged', {
    receivedBytes,
    row,
  })
  expectThat(Math.abs(after.used - before.used - credits) <= 2, 'the counter and the ledger say the same', {
    before,
    after,
    row,
  })
  return [
    {
      what: 'watermelon (30 MB) read at 5 MB/s and left after 10 MB',
      happened: `received ${megabytes(receivedBytes)}, charged ${megabytes(bytes)} = ${credits} credits`,
    },
    {
      what: 'SELECT bytes, credits, outcome FROM tollgate.usage_entry',
      happened: `${bytes}, ${credits}, ${String(row['outcome'])}; /quota/status went from ${before.used} to ${after.used}`,
    },
  ]
}

/** The address of a package's first file, as an installer finds it. */
export async function fileUrl(world: World, token: string, name: string): Promise<string> {
  const page = `${world.baseUrl}/simple/${name}/`
  const reply = await call({ url: page, token, headers: { accept: 'application/vnd.pypi.simple.v1+json' } })
  expectThat(reply.status === 200, `the index page of ${name} is served`, reply)
  const { files } = JSON.parse(reply.body) as { readonly files: readonly { readonly url: string }[] }
  return new URL(files[0]?.url ?? '', page).href
}

async function bookedRow(world: World): Promise<Row> {
  const deadlineMs = performance.now() + BOOKED_MS_MAX
  for (;;) {
    const rows = await world.sql(
      `SELECT bytes, credits, outcome FROM tollgate.usage_entry
       WHERE is_home AND account = 'alice' AND resource = 'watermelon' AND kind = 'artifact' AND state = 'final'
       ORDER BY at DESC LIMIT 1`,
    )
    const row = rows[0]
    if (row !== undefined) return row
    expectThat(performance.now() < deadlineMs, 'the ledger books the download', 'no final row in tollgate.usage_entry')
    await delay(50)
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
