import type { Command } from 'commander'
import { removeCommand, rowsCommand, setCommand } from './policy-row-commands.ts'
import type { CliContext } from './ports.ts'

const table = 'limit_rule'

export function limitListCommand(context: CliContext): Command {
  return rowsCommand('list', context, table).description('rows of limit_rule')
}

export function limitSetCommand(context: CliContext): Command {
  return setCommand(context, table).description(
    'write a row of limit_rule, such as amount=200; what is not named stays as it is',
  )
}

export function limitRemoveCommand(context: CliContext): Command {
  return removeCommand(context, table).description('remove a row of limit_rule')
}
