import { readFileSync } from 'node:fs'

const names = [
  'channel-rows',
  'channel-add',
  'channel-change',
  'channel-alone',
  'channel-count',
  'channel-count-tests',
  'channel-resume',
  'channel-test',
  'channel-owner',
  'delivery-rows',
  'delivery-resend',
  'alert-events',
] as const

/** The text of each query of channels and what they were told, read once. */
export const channelQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
