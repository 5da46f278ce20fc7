import { call, untilReply } from '../caller.ts'
import { type Demo, expectThat, linesWith, type Shown } from '../step.ts'
import type { World } from '../world.ts'

/** No token, one that was never issued, and one that has expired. */
export async function refuseTokens({ world }: Demo): Promise<readonly Shown[]> {
  // As long as the account `anonymous` exists, callers without a token are served by its limits.
  await world.sql(`DELETE FROM tollgate.account WHERE id = 'anonymous'`)
  await untilReply({ url: `${world.baseUrl}/quota/status` }, (reply) => reply.status === 401, 5_000)
  const wrong = 'tg_000000000000000000000000000000_000000'
  const expired = await world.issueToken('alice')
  await expireTokenOf(world, expired)
  const reached = world.mirror.requests().length
  const shown = [
    await refused(world, { what: 'no token', token: undefined }),
    await refused(world, { what: 'a wrong token', token: wrong }),
    await refused(world, { what: 'an expired token', token: expired }),
  ]
  expectThat(
    world.mirror.requests().length === reached,
    'no refused request reaches the mirror',
    world.mirror.requests(),
  )
  return shown
}

async function expireTokenOf(world: World, secret: string): Promise<void> {
  await world.sql(
    `UPDATE tollgate.token SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second'
     WHERE digest = encode(sha256(convert_to($1, 'UTF8')), 'hex')`,
    [secret],
  )
}

async function refused(
  world: World,
  caller: { readonly what: string; readonly token: string | undefined },
): Promise<Shown> {
  const url = `${world.baseUrl}/simple/damson/`
  const reply = await call({ url, ...(caller.token === undefined ? {} : { token: caller.token }) })
  const challenges = [reply.headers['www-authenticate'] ?? []].flat().join(' · ')
  expectThat(reply.status === 401 && challenges.startsWith('Basic'), `${caller.what} is answered 401`, reply)
  // Without a token pip asks for a password at a terminal and says nothing without one; uv says why.
  const installer = caller.token === undefined ? 'uv pip' : 'pip'
  const wanted = { indexUrl: world.indexUrl(caller.token), packages: ['damson'] }
  const { installers } = world
  const run = caller.token === undefined ? await installers.uv(wanted) : await installers.pip('26.3', wanted)
  expectThat(run.code !== 0 && run.modules.length === 0, `${installer} with ${caller.what} installs nothing`, run.text)
  return {
    what: `${installer} install damson with ${caller.what}`,
    happened: `401, it ends with ${run.code}`,
    terminal: linesWith(run.text, ['401']),
  }
}
