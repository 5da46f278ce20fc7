#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts'
import { createCommandLine } from './compose/command-line.ts'
import { processEnvironment } from './settings.ts'

process.exitCode = await runCli(process.argv.slice(2), createCommandLine(processEnvironment()))
