// A process whose store never answers: it adds refunds to its spool, one a millisecond, and prints the id of each:
//   node test/support/spool-child.ts <data folder>
import { Fault } from '../../src/core/fault.ts'
import { refundOf } from '../../src/core/refund.ts'
import { openSpool } from '../../src/files/spool.ts'
import { silentObserver as observer } from '../../src/telemetry/observer.ts'
import { spendRequest } from './spend-harness.ts'

const [dataFolder = ''] = process.argv.slice(2)
const spool = await openSpool({
  ...{ dataFolder, observer, bytesMax: 1e8, nowMs: Date.now, storeNowMs: Date.now },
  report: () => Promise.reject(new Fault('store_unavailable', 'Away')),
})
for (let number = 0; ; number += 1) {
  const spend = spendRequest({ id: `q${number}` })
  spool.add(refundOf({ ...spend, at: spend.notAfterMs }, spend.notAfterMs))
  console.log(`added ${performance.now()} q${number}`)
  await new Promise((resolve) => setTimeout(resolve, 1))
}
