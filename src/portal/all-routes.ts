import type { PortalTools } from './ports.ts'
import type { Route } from './route.ts'
import { adminRoutes } from './routes-admin.ts'
import { alertRoutes } from './routes-alerts.ts'
import { banRoutes } from './routes-bans.ts'
import { grantRoutes } from './routes-grants.ts'
import { meRoutes } from './routes-me.ts'
import { projectRoutes } from './routes-projects.ts'
import { refusalRoutes } from './routes-refusals.ts'
import { requestRoutes } from './routes-requests.ts'
import { tokenRoutes } from './routes-tokens.ts'
import { usageRoutes } from './routes-usage.ts'

/** Every row of the API. */
export function allRoutes(tools: PortalTools): readonly Route[] {
  const { manage } = tools
  return [
    ...[meRoutes(tools), usageRoutes(tools), refusalRoutes(tools), tokenRoutes(tools)].flat(),
    ...[requestRoutes(manage), grantRoutes(manage), alertRoutes(manage), projectRoutes(tools)].flat(),
    ...[adminRoutes(manage), banRoutes(manage)].flat(),
  ]
}
