import { Command } from 'commander'
import { listChannels, removeChannel, resumeChannel } from '../manage/channels.ts'
import { testChannel } from '../manage/test-channel.ts'
import { type OwnerOptions, ownerOf, ownerOptions } from './channel-options.ts'
import { ExitWith } from './exit-with.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { deliveryJson, shownChannel, shownChannels } from './shown-channel.ts'
import { wholeNumber } from './whole-number.ts'

const actor = { kind: 'operator' } as const

interface ListOptions extends OwnerOptions {
  readonly after?: string
  readonly count: number
}

export function channelListCommand(context: CliContext): Command {
  const command = new Command('list').description('channels by id, and how they are doing')
  for (const option of ownerOptions('only those of')) command.addOption(option)
  return command
    .option('--after <id>', 'go on after this channel')
    .option('--count <number>', 'at most so many', wholeNumber(1, 500), 100)
    .addOption(outputOption())
    .action(async ({ after, count, ...whose }: ListOptions, given: Command) => {
      const wish = { actor, owner: ownerOf(whose), after, countMax: count }
      print(context, given, shownChannels(await listChannels(await context.channels(), wish)))
    })
}

export function channelRemoveCommand(context: CliContext): Command {
  return new Command('remove')
    .description('remove a channel and the deliveries it had')
    .argument('<id>', 'the channel')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      await removeChannel(await context.channels(), { actor, id })
      print(context, command, { text: `${id} is removed\n`, json: { removed: id } })
    })
}

export function channelResumeCommand(context: CliContext): Command {
  return new Command('resume')
    .description('let a channel that was stopped, or that rests, try again at once')
    .argument('<id>', 'the channel')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      print(context, command, shownChannel(await resumeChannel(await context.channels(), { actor, id })))
    })
}

/** `channel test` and `alert test`. */
export function channelTestCommand(context: CliContext): Command {
  return new Command('test')
    .description('send a test message by the road that every alert takes, and say what came of it')
    .argument('<id>', 'the channel')
    .option('--wait <seconds>', 'how long to wait for an answer', wholeNumber(1, 30), 10)
    .addOption(outputOption())
    .action(async (id: string, { wait }: { readonly wait: number }, command: Command) => {
      const { event, delivery } = await testChannel(await context.channels(), { actor, id, waitMs: wait * 1_000 })
      const json = { event, delivery: delivery === undefined ? null : deliveryJson(delivery) }
      if (delivery?.state === 'sent')
        return print(context, command, { text: `${id} took the message ${event}\n`, json })
      const why =
        delivery === undefined
          ? 'nobody has taken it up: is a process with the role alerts running?'
          : (delivery.error ?? 'there was no answer yet')
      print(context, command, { text: `${id} has not taken the message ${event}: ${why}\n`, json })
      throw new ExitWith(1)
    })
}
