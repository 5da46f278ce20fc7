import { Fault } from '../core/fault.ts'
import { createOpsServer, type OpsServer, type OpsServerOptions } from '../telemetry/ops-server.ts'

/** The ops listener. Faults: `already_running` when its address is taken, `settings_invalid` when it cannot be listened on. */
export async function startOpsListener(options: OpsServerOptions): Promise<OpsServer> {
  try {
    return await createOpsServer(options)
  } catch (cause) {
    const { host, port } = options.listen
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code === 'EADDRINUSE') {
      throw new Fault('already_running', `Another process listens on TOLLGATE_OPS_ADDRESS ${address}`, { cause })
    }
    const reason = code === '' ? '' : `: the system says ${code}`
    throw new Fault('settings_invalid', `Cannot listen on TOLLGATE_OPS_ADDRESS ${address}${reason}`, { cause })
  }
}
