import { Command, InvalidArgumentError, Option } from 'commander'
import { type AlertType, alertTypes } from '../core/alert-event.ts'
import { type ChannelChange, type ChannelKindWord, channelKindWords } from '../manage/channel-ports.ts'
import { setChannel } from '../manage/set-channel.ts'
import { type OwnerOptions, ownerOf, ownerOptions } from './channel-options.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { shownChannel } from './shown-channel.ts'
import { wholeNumber } from './whole-number.ts'

interface Options extends OwnerOptions {
  readonly kind?: ChannelKindWord
  readonly target?: string
  readonly secret?: string
  readonly rotateSecret?: true
  readonly language?: 'en' | 'zh'
  readonly timeZone?: string
  readonly types?: readonly AlertType[] | null
  readonly percentMin?: number
  readonly privateTarget?: boolean
  readonly disable?: true
  readonly enable?: true
  readonly note?: string
}

export function channelSetCommand(context: CliContext): Command {
  const command = new Command('set')
    .description('add a channel, or change one; what is not named stays as it is')
    .argument('[id]', 'the channel; a new one gets an id when absent')
    .addOption(new Option('--kind <kind>', 'of a new one').choices([...channelKindWords]))
    .option('--target <address>', 'an https address or a mailbox, env:NAME, file:/path, or - for a line of the input')
    .option('--secret <text>', 'what messages are signed with, env:NAME, file:/path, or - for a line of the input')
    .addOption(
      new Option('--rotate-secret', 'make another one; the former counts for 24 hours more').conflicts('secret'),
    )
  for (const option of ownerOptions('a new one belongs to')) command.addOption(option)
  return command
    .addOption(new Option('--language <language>', 'of its messages').choices(['en', 'zh']))
    .option('--time-zone <zone>', 'of the times in them, such as Asia/Shanghai; none: of the account')
    .option('--types <list>', 'only these events, such as level,forecast; all: every one', typesOf)
    .option('--percent-min <number>', 'of levels only those from here on', wholeNumber(0, 1_000))
    .option('--private-target', 'it may be plain http, or in a private network')
    .option('--no-private-target', 'https on the public internet only')
    .addOption(new Option('--disable', 'nothing is sent').conflicts('enable'))
    .option('--enable', 'it is sent again')
    .option('--note <text>', 'for people')
    .addOption(outputOption())
    .action(async (id: string | undefined, options: Options, given: Command) => {
      const wish = {
        actor: { kind: 'operator' },
        id,
        owner: ownerOf(options),
        change: await changeOf(options, context),
      } as const
      const { channel, secret } = await setChannel(await context.channels(), wish)
      print(context, given, shownChannel(channel, secret === undefined ? {} : { secret }))
    })
}

async function changeOf(options: Options, context: CliContext): Promise<ChannelChange> {
  const { kind, language, timeZone, types, percentMin, privateTarget, note } = options
  // Read one after the other: the target comes first.
  const target = await wordOf(options.target, context)
  const secret = await wordOf(options.secret, context)
  return {
    ...{ kind, target, language, types, percentMin, note },
    secret: options.rotateSecret === true ? { rotate: true } : secret,
    timeZone: timeZone === 'none' ? null : timeZone,
    isPrivateTarget: privateTarget,
    isDisabled: options.disable === true ? true : options.enable === true ? false : undefined,
  }
}

/** What stands in a command line is in the shell's history; a line of the input is not. */
async function wordOf(given: string | undefined, context: CliContext): Promise<string | undefined> {
  return given === '-' ? (await context.readLine()).trim() : given
}

function typesOf(text: string): readonly AlertType[] | null {
  if (text === 'all') return null
  const words = text.split(',').map((word) => word.trim())
  const types = alertTypes.filter((type) => words.includes(type))
  if (types.length !== new Set(words).size)
    throw new InvalidArgumentError(`must be all, or some of ${alertTypes.join(',')}`)
  return types
}
