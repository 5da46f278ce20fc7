import type { PortalTools } from './ports.ts'
import type { Route } from './route.ts'
import { meRoutes } from './routes-me.ts'

/** Every row of the API. */
export function allRoutes(tools: PortalTools): readonly Route[] {
  return [...meRoutes(tools)]
}
