import { checksOf, type Demo, expectThat, linesWith, type Shown } from '../step.ts'

/** Alice installs a tree of packages. */
export async function install({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  const before = await checksOf(world)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(aliceToken), packages: ['fruit-salad'] })
  const after = await checksOf(world)
  expectThat(run.code === 0 && run.modules.includes('fruit_salad'), 'pip installs fruit-salad', run.text)
  expectThat(after.ok > before.ok && after.denied === before.denied, 'Envoy asked about every request', {
    before,
    after,
  })
  return [
    {
      what: 'alice: pip install fruit-salad',
      happened: `installed in ${(run.durationMs / 1_000).toFixed(1)} s; Envoy asked about ${after.ok - before.ok} requests, all allowed`,
      terminal: linesWith(run.text, ['Successfully installed']),
    },
  ]
}
