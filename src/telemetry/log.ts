import { type DestinationStream, type Logger, pino } from 'pino'
import { redact } from './redact.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** `destination` is where lines go; standard output when absent. */
export interface LogOptions {
  readonly level: LogLevel
  readonly destination?: DestinationStream
  /** Named in every line, when there are several. */
  readonly process?: string
}

/**
 * A log of one JSON object per line: `level` by name, `time` in ISO form, `event`, and its details. Secrets are hidden in the finished line,
 * so that a token inside a nested error's message is found too.
 */
export function createLog({ level, destination, process }: LogOptions): Logger {
  const options = {
    level,
    base: process === undefined ? null : { process },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: errorOf },
    hooks: { streamWrite: redact },
    depthLimit: 6,
    edgeLimit: 50,
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/** A dependency that is away is no defect, so where in the code it was missed is no help: only others have their stacks. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (!('transient' in error) || error.transient !== true) return pino.stdSerializers.errWithCause(error)
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    code,
    message: error.message,
    ...(error.cause instanceof Error && { cause: messageOf(error.cause) }),
  }
}

function messageOf(cause: Error): string {
  return `${cause.name}: ${cause.message}`
}
