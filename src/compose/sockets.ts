import { join } from 'node:path'
import { Fault } from '../core/fault.ts'
import type { Settings } from '../settings.ts'

const pathBytesMax = 107

/** Where processes listen for Envoy: `tollgate.sock` for one, `tollgate-0.sock`, `tollgate-1.sock`, … for more. Throws a `Fault` when a name is too long. */
export function socketPaths(settings: Settings, processes: number): readonly string[] {
  const path = settings.TOLLGATE_GRPC_SOCKET ?? join(settings.TOLLGATE_DATA_FOLDER, 'tollgate.sock')
  if (processes === 1) return [path]
  const [, stem = path, ending = ''] = /^(.*?)(\.[^./]*)?$/.exec(path) ?? []
  return Array.from({ length: processes }, (_, index) => {
    const own = `${stem}-${index}${ending}`
    if (Buffer.byteLength(own) > pathBytesMax) {
      throw new Fault('settings_invalid', `The socket ${own} is longer than ${pathBytesMax} bytes`)
    }
    return own
  })
}
