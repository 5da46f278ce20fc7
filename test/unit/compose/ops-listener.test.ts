import { expect, test } from 'vitest'
import { startOpsListener } from '../../../src/compose/ops-listener.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const given = { metrics: createMetrics(), missing: () => [] }

test('an ops address that is taken, or none of this machine, is a fault in a sentence', async () => {
  const first = await startOpsListener({ ...given, listen: { host: '127.0.0.1', port: 0 } })
  const { port } = first.address
  await expect(startOpsListener({ ...given, listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'already_running',
    message: `Another process listens on TOLLGATE_OPS_ADDRESS 127.0.0.1:${port}`,
  })
  await first.close()
  await expect(startOpsListener({ ...given, listen: { host: '192.0.2.1', port: 9 } })).rejects.toMatchObject({
    code: 'settings_invalid',
    message: 'Cannot listen on TOLLGATE_OPS_ADDRESS 192.0.2.1:9: the system says EADDRNOTAVAIL',
  })
})
