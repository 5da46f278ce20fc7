import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { channelKinds } from '../../../src/alerts/ports.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { alertTypes } from '../../../src/core/alert-event.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { levelEvent } from '../../support/receivers/alert-events.ts'

const guides = join(import.meta.dirname, '../../../docs/guides')
const alerts = readFileSync(join(guides, 'alerts.md'), 'utf8')

/** First cells of a section's tables. */
function firstCells(heading: string): readonly string[] {
  const section = alerts.split(/^#{2,3} /m).find((part) => part.startsWith(heading)) ?? ''
  return [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  )
}

describe('docs/guides/alerts.md', () => {
  test('explains every type of alert, and no other', () => {
    expect(firstCells('What is told').toSorted()).toEqual([...alertTypes].toSorted())
  })

  test('explains every key of the body, and no other', () => {
    expect(firstCells('The webhook').toSorted()).toEqual(
      Object.keys(composeMessage([levelEvent()], { language: 'en' }).body).toSorted(),
    )
  })

  test('names every kind of channel, each with a page of its own', () => {
    expect(firstCells('Channels').toSorted()).toEqual([...channelKinds].toSorted())
    expect(readdirSync(join(guides, 'channels')).toSorted()).toEqual(
      channelKinds.map((kind) => `${kind}.md`).toSorted(),
    )
  })

  test('shows commands that there are, with options that they have', async () => {
    const pages = ['alerts.md', ...channelKinds.map((kind) => `channels/${kind}.md`)]
    const lines = pages
      .map((page) => readFileSync(join(guides, page), 'utf8'))
      .flatMap((text) => [...text.matchAll(/^tollgate ([^#\n]+)/gm), ...text.matchAll(/`tollgate ([^`]+)`/g)])
      .map(([, words = '']) => words.trim())
    expect(lines.length).toBeGreaterThan(2 * channelKinds.length)
    for (const line of new Set(lines)) {
      const context = recordedContext()
      // What a command needs is not given here, so one that is understood gets no further than that.
      expect(await runCli(line.split(/\s+/), context), `${line}: ${context.errors()}`).toBe(1)
      expect(context.errors()).toContain('This test gives no such thing')
    }
  })

  test('leads nowhere that is not there', () => {
    const pages = ['alerts.md', ...channelKinds.map((kind) => `channels/${kind}.md`)]
    for (const page of pages) {
      const text = readFileSync(join(guides, page), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
      expect(links.length).toBeGreaterThan(0)
      for (const link of links) expect(existsSync(join(guides, page, '..', link)), `${page}: ${link}`).toBe(true)
    }
  })
})
