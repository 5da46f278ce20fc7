import type { CliContext } from '../../src/cli/ports.ts'
import { Fault } from '../../src/core/fault.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'

export interface RecordedContext extends CliContext {
  readonly out: () => string
  readonly errors: () => string
  readonly isClosed: () => boolean
}

/** A context that keeps what is printed; what a test does not give cannot be called. */
export function recordedContext(given: Partial<CliContext> = {}): RecordedContext {
  let out = ''
  let errors = ''
  let closed = false
  const absent = () => Promise.reject(new Fault('internal', 'This test gives no such thing'))
  return {
    version: '0.1.0',
    write(text) {
      out += text
    },
    writeError(text) {
      errors += text
    },
    readLine: absent,
    serve: absent,
    migrate: absent,
    seedDemo: absent,
    seedPlans: absent,
    packs: absent,
    channels: absent,
    manage: absent,
    requests: absent,
    admin: absent,
    importFiles: absent,
    ending: () => AbortSignal.abort(),
    descriptors: absent,
    latestDescriptors: absent,
    log: () => silentObserver,
    policyCheck: absent,
    policyShow: absent,
    quotaStatus: absent,
    explain: absent,
    usage: absent,
    refusals: absent,
    report: absent,
    envoyConfig: absent,
    restored: absent,
    examine: absent,
    async close() {
      closed = true
    },
    ...given,
    out: () => out,
    errors: () => errors,
    isClosed: () => closed,
  }
}
