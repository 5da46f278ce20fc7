import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rootFolder } from '../../../scripts/state-folder.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { recordedContext } from '../../support/cli-context.ts'

const folder = join(rootFolder, 'docs/guides')
const guides = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
const short =
  "`tollgate` stands for `npm run --silent tollgate --` in a clone: `alias tollgate='npm run --silent tollgate --'`."

/** As a shell splits it, without what comes after a # or is sent elsewhere. */
function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(/((?:[^\s'"]|'[^']*'|"[^"]*")+)/g)].map(([word]) => word.replaceAll(/['"]/g, ''))
  const end = words.findIndex((word) => word === '#' || word === '>')
  return end === -1 ? words : words.slice(0, end)
}

test.each(guides)(
  '%s says once what tollgate stands for, if it writes so, and shows commands that there are',
  async (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const isShort = /^tollgate |`tollgate [a-z]/m.test(text)
    expect(text.split(short).length - 1).toBe(isShort ? 1 : 0)
    for (const [, line = ''] of text.matchAll(/^(?:npm run (?:--silent )?tollgate -- |tollgate )(.+)$/gm)) {
      const context = recordedContext()
      // What a command needs is not given here, so one that is understood gets no further than that.
      expect(await runCli(wordsOf(line), context), `${line}: ${context.errors()}`).toBe(1)
      expect(context.errors()).toContain('This test gives no such thing')
    }
  },
)
