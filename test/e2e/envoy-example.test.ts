import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../../demo/command.ts'
import { exampleYaml } from '../../envoy/example.ts'
import { reasons } from '../../envoy/reasons.ts'
import { rootFolder } from '../../scripts/state-folder.ts'

const file = join(rootFolder, 'envoy/tollgate.yaml')

test('envoy/tollgate.yaml says what the demo and the tests run', () => {
  expect(readFileSync(file, 'utf8')).toBe(exampleYaml())
})

test('every reason stands in envoy/tollgate.yaml, none twice', () => {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
  for (const reason of Object.values(reasons)) expect(lines.filter((line) => line === `# ${reason}`)).toHaveLength(1)
})

test('the real Envoy accepts envoy/tollgate.yaml', async () => {
  const result = await runCommand({
    file: join(rootFolder, '.cache/servers/envoy/_bin/envoy'),
    args: ['--mode', 'validate', '-c', file],
    environment: {},
    folder: rootFolder,
  })
  expect(result.text).toContain(`configuration '${file}' OK`)
  expect(result.code).toBe(0)
})
