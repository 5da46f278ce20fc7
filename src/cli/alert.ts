import { Command, Option } from 'commander'
import type { ListedDelivery } from '../manage/channel-ports.ts'
import { listDeliveries, readEvents, resendDelivery } from '../manage/deliveries.ts'
import { type OwnerOptions, ownerOf, ownerOptions } from './channel-options.ts'
import { outputOption, print } from './output.ts'
import type { CliContext } from './ports.ts'
import { deliveryJson, shownDeliveries, shownEvents } from './shown-channel.ts'
import { wholeNumber } from './whole-number.ts'

const actor = { kind: 'operator' } as const
const states = ['pending', 'sending', 'sent', 'failed', 'resent'] as const

interface PageOptions extends OwnerOptions {
  readonly after?: string
  readonly count: number
}

interface DeliveriesOptions extends PageOptions {
  readonly channel?: string
  readonly state?: ListedDelivery['state']
}

export function alertListCommand(context: CliContext): Command {
  const command = new Command('list').description('what people were told of, the newest first')
  for (const option of ownerOptions('only what concerns')) command.addOption(option)
  return command
    .option('--after <id>', 'go on after this event')
    .option('--count <number>', 'at most so many', wholeNumber(1, 500), 50)
    .addOption(outputOption())
    .action(async ({ after, count, ...whose }: PageOptions, given: Command) => {
      const wish = { actor, owner: ownerOf(whose), after, countMax: count }
      print(context, given, shownEvents(await readEvents(await context.channels(), wish)))
    })
}

export function alertDeliveriesCommand(context: CliContext): Command {
  const command = new Command('deliveries')
    .description('what became of alerts on their way, the newest first')
    .option('--channel <id>', 'only to this channel')
    .addOption(new Option('--state <state>', 'only those; failed: given up').choices([...states]))
  for (const option of ownerOptions('only to channels of')) command.addOption(option)
  return command
    .option('--after <id>', 'go on after this delivery')
    .option('--count <number>', 'at most so many', wholeNumber(1, 500), 50)
    .addOption(outputOption())
    .action(async ({ after, count, channel, state, ...whose }: DeliveriesOptions, given: Command) => {
      const wish = { actor, channel, state, owner: ownerOf(whose), after, countMax: count }
      print(context, given, shownDeliveries(await listDeliveries(await context.channels(), wish)))
    })
}

export function alertResendCommand(context: CliContext): Command {
  return new Command('resend')
    .description('send once more what was sent or given up')
    .argument('<delivery>', 'its id')
    .addOption(outputOption())
    .action(async (id: string, _: unknown, command: Command) => {
      const delivery = await resendDelivery(await context.channels(), { actor, id })
      const text = `Delivery ${delivery.id} tells ${delivery.channel} of ${delivery.event.id} again\n`
      print(context, command, { text, json: deliveryJson(delivery) })
    })
}
