import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../../demo/command.ts'
import { exampleYaml, rateLimitsYaml } from '../../envoy/example.ts'
import { rateLimitReasons, reasons } from '../../envoy/reasons.ts'
import { rootFolder } from '../../scripts/state-folder.ts'

const examples = [
  ['envoy/tollgate.yaml', exampleYaml(), reasons],
  ['envoy/tollgate-rate-limits.yaml', rateLimitsYaml(), rateLimitReasons],
] as const

test.each(examples)('%s says what the demo and the tests run', (name, text) => {
  expect(readFileSync(join(rootFolder, name), 'utf8')).toBe(text)
})

test.each(examples)('every reason stands in %s, none twice', (name, _, wanted) => {
  const lines = readFileSync(join(rootFolder, name), 'utf8')
    .split('\n')
    .map((line) => line.trim())
  for (const reason of Object.values(wanted)) expect(lines.filter((line) => line === `# ${reason}`)).toHaveLength(1)
})

test.each(examples)('the real Envoy accepts %s, and nothing in it is on its way out', async (name) => {
  const file = join(rootFolder, name)
  const result = await runCommand({
    file: join(rootFolder, '.cache/servers/envoy/_bin/envoy'),
    args: ['--mode', 'validate', '-c', file],
    environment: {},
    folder: rootFolder,
  })
  expect(result.text).toContain(`configuration '${file}' OK`)
  expect(result.text).not.toContain('Deprecated')
  expect(result.code).toBe(0)
})
