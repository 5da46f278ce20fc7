import type { Command } from 'commander'
import { removeCommand, rowsCommand, setCommand } from './policy-row-commands.ts'
import type { CliContext } from './ports.ts'

/** `tollgate policy rows TABLE` */
export function policyRowsCommand(context: CliContext): Command {
  return rowsCommand('rows', context).description('rows of a table of policy')
}

/** `tollgate policy set TABLE KEY COLUMN=VALUE…` */
export function policySetCommand(context: CliContext): Command {
  return setCommand(context).description('write a row of a table of policy; what is not named stays as it is')
}

/** `tollgate policy remove TABLE KEY` */
export function policyRemoveCommand(context: CliContext): Command {
  return removeCommand(context).description('remove a row of a table of policy')
}
