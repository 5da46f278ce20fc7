export const faultCodes = [
  'bad_request',
  'internal',
  'policy_unavailable',
  'store_unavailable',
  'ledger_unavailable',
  'settings_invalid',
  'server_missing',
  'already_running',
  'not_found',
  'not_valid',
  'forbidden',
  'conflict',
  'wrong_store_format',
] as const
export type FaultCode = (typeof faultCodes)[number]

/** A fault of ours or of a dependency; an expected outcome is a value instead. `message` may be shown to anyone. */
export class Fault extends Error {
  readonly code: FaultCode
  /** True when the same call may succeed later. */
  readonly transient: boolean
  /** True when what was asked for may have happened all the same: nobody heard the answer. */
  readonly uncertain: boolean

  /** True when callers of the API are told its words, although such faults have none for them as a rule. */
  readonly isForCallers: boolean

  constructor(
    code: FaultCode,
    message: string,
    options: {
      readonly cause?: unknown
      readonly transient?: boolean
      readonly uncertain?: boolean
      readonly isForCallers?: boolean
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.code = code
    this.transient = options.transient ?? false
    this.uncertain = options.uncertain ?? false
    this.isForCallers = options.isForCallers ?? false
  }
}
