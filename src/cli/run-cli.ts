import { Command, CommanderError } from 'commander'
import { Fault, type FaultCode } from '../core/fault.ts'
import { alertDeliveriesCommand, alertListCommand, alertResendCommand } from './alert.ts'
import { auditCommand } from './audit.ts'
import { banAddCommand, banListCommand, banRemoveCommand } from './ban.ts'
import { channelListCommand, channelRemoveCommand, channelResumeCommand, channelTestCommand } from './channel.ts'
import { channelSetCommand } from './channel-set.ts'
import { doctorCommand } from './doctor.ts'
import { envoyConfigCommand } from './envoy-config.ts'
import { ExitWith } from './exit-with.ts'
import { explainCommand } from './explain.ts'
import { grantBridgeCommand, grantEndCommand, grantGiveCommand, grantListCommand } from './grant.ts'
import { grantPackCommand } from './grant-pack.ts'
import { limitListCommand, limitRemoveCommand, limitSetCommand } from './limit.ts'
import { migrateCommand } from './migrate.ts'
import { packListCommand } from './pack-list.ts'
import { policyCheckCommand } from './policy-check.ts'
import { policyDescriptorsCommand } from './policy-descriptors.ts'
import { policyExportCommand } from './policy-export.ts'
import { policyImportCommand } from './policy-import.ts'
import { policyRemoveCommand, policyRowsCommand, policySetCommand } from './policy-rows.ts'
import { policyShowCommand } from './policy-show.ts'
import type { CliContext } from './ports.ts'
import { quotaStatusCommand } from './quota-status.ts'
import { refusalsCommand } from './refusals.ts'
import { reportCommand } from './report.ts'
import { requestAskCommand, requestWithdrawCommand } from './request-ask.ts'
import { requestApproveCommand, requestDeclineCommand } from './request-decide.ts'
import { requestListCommand, requestShowCommand } from './request-list.ts'
import { restoredCommand } from './restored.ts'
import { seedDemoCommand } from './seed-demo.ts'
import { seedPlansCommand } from './seed-plans.ts'
import { serveCommand } from './serve.ts'
import { tokenIssueCommand } from './token-issue.ts'
import { tokenListCommand } from './token-list.ts'
import { tokenRevokeCommand } from './token-revoke.ts'
import { tokenRotateCommand } from './token-rotate.ts'
import { usageCommand } from './usage.ts'

/** Trying again does not help: the settings are wrong, or lead to a store that is not this release's or this installation's. */
const needsOtherSettings: ReadonlySet<FaultCode> = new Set(['settings_invalid', 'wrong_store_format'])

type MakeCommand = (context: CliContext) => Command

/** One row per command; the second level under a word of its own. */
const topLevel: readonly MakeCommand[] = [
  serveCommand,
  migrateCommand,
  envoyConfigCommand,
  explainCommand,
  usageCommand,
  refusalsCommand,
  reportCommand,
  doctorCommand,
  restoredCommand,
  auditCommand,
]
const groups: readonly { readonly name: string; readonly about: string; readonly commands: readonly MakeCommand[] }[] =
  [
    { name: 'seed', about: 'fill an empty database', commands: [seedDemoCommand, seedPlansCommand] },
    {
      name: 'token',
      about: 'API tokens',
      commands: [tokenIssueCommand, tokenRotateCommand, tokenRevokeCommand, tokenListCommand],
    },
    {
      name: 'policy',
      about: 'the policy in the database',
      commands: [
        policyCheckCommand,
        policyShowCommand,
        policyRowsCommand,
        policySetCommand,
        policyRemoveCommand,
        policyImportCommand,
        policyExportCommand,
        policyDescriptorsCommand,
      ],
    },
    { name: 'limit', about: 'limits', commands: [limitListCommand, limitSetCommand, limitRemoveCommand] },
    {
      name: 'request',
      about: 'people asking for more of a limit',
      commands: [
        requestListCommand,
        requestShowCommand,
        requestAskCommand,
        requestApproveCommand,
        requestDeclineCommand,
        requestWithdrawCommand,
      ],
    },
    {
      name: 'grant',
      about: 'for a while more of a limit',
      commands: [grantListCommand, grantGiveCommand, grantPackCommand, grantEndCommand, grantBridgeCommand],
    },
    { name: 'ban', about: 'who is refused everything', commands: [banAddCommand, banRemoveCommand, banListCommand] },
    { name: 'pack', about: 'prepaid packs', commands: [packListCommand] },
    {
      name: 'channel',
      about: 'where people are told',
      commands: [channelListCommand, channelSetCommand, channelRemoveCommand, channelTestCommand, channelResumeCommand],
    },
    {
      name: 'alert',
      about: 'what people were told',
      commands: [alertListCommand, alertDeliveriesCommand, alertResendCommand, channelTestCommand],
    },
    { name: 'quota', about: 'what is used of the limits', commands: [quotaStatusCommand] },
  ]

/**
 * Runs one command; `words` are what follows `tollgate`. Resolves to the exit code: 0, 2 for a wrong command line, wrong settings or
 * a store of another format, 1 for anything else. What went wrong is one sentence on the error output, never a stack. Never throws.
 */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync([...words], { from: 'user' })
    return 0
  } catch (error) {
    return exitCodeOf(error, context)
  } finally {
    await context.close().catch(() => undefined)
  }
}

/** The command table itself; parsing it throws what `runCli` turns into exit codes. */
export function createProgram(context: CliContext): Command {
  const program = new Command('tollgate')
    .description('Says who is calling, what it costs and whether it may')
    .version(context.version)
    .helpCommand(false)
  for (const make of topLevel) program.addCommand(make(context))
  for (const { name, about, commands } of groups) {
    const group = new Command(name).description(about).helpCommand(false)
    for (const make of commands) group.addCommand(make(context))
    program.addCommand(group)
  }
  for (const command of withSubcommands(program)) settle(command, context)
  return program
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

/** Commands throw instead of ending the process, and say their errors in our words. */
function settle(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.write(text),
    writeErr: (text) => context.writeError(text),
    outputError: () => undefined,
  })
}

function exitCodeOf(error: unknown, context: CliContext): number {
  if (error instanceof ExitWith) return error.exitCode
  if (error instanceof CommanderError) return exitCodeOfUsage(error, context)
  if (error instanceof Fault) {
    context.writeError(`tollgate: ${error.message.replace(/\.$/, '')}.\n`)
    return needsOtherSettings.has(error.code) ? 2 : 1
  }
  context.writeError(
    `tollgate: Something went wrong inside: ${error instanceof Error ? error.message : String(error)}.\n`,
  )
  return 1
}

function exitCodeOfUsage(error: CommanderError, context: CliContext): number {
  // Asked for help or the version: printed already. Without a command the help goes to the error output, which is no success.
  if (error.exitCode === 0) return 0
  if (error.code !== 'commander.help') {
    const sentence = error.message
      .replace(/^error: /, '')
      .replaceAll(/\s*\n\s*/g, ' ')
      .replace(/\.$/, '')
    context.writeError(`tollgate: ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}. See tollgate --help.\n`)
  }
  return 2
}
