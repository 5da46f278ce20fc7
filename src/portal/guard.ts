import type { IncomingMessage } from 'node:http'
import { type Caller, callerOf } from './caller.ts'
import type { PortalTools } from './ports.ts'
import { type Trouble, troubleOfCause } from './problem.ts'

/** Lets a request pass with its caller, or says why not. Looks at the head of the request alone. */
export type Guard = (request: IncomingMessage) => { readonly caller: Caller } | { readonly trouble: Trouble }

export function guardOf(tools: PortalTools): Guard {
  return (request) => {
    const found = callerOf(request, tools)
    return typeof found === 'string' ? { trouble: troubleOfCause(found) } : { caller: found }
  }
}
