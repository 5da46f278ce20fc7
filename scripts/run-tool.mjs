// Runs npm and pip for bootstrap.mjs, and sees to it that nothing outlives it. Plain JavaScript for Node 20, for the same reason.
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = dirname(fileURLToPath(import.meta.url))
/** Starts the command when its watchdog is there; if we end before that, it never starts. */
const AT_OUR_WORD = 'read -r _ && exec "$0" "$@" </dev/null'
const GRACE_TENTHS = 30

/** A fault that one sentence explains; anything else that is thrown is a defect and keeps its stack. */
export class Unmet extends Error {}

/** The watchdog of each tool that runs, with the promise of that tool's end. */
const running = new Map()
let isEnding = false

/** Runs a command at the root of the clone quietly; its output is shown only if it fails. */
export function runTool(command, options, { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that giving up ends npm's and pip's children too: left alone they would go on writing.
    const child = spawn('/bin/sh', ['-c', AT_OUR_WORD, command, ...options], {
      cwd: dirname(FOLDER),
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => {})
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.once('error', (error) => reject(new Unmet(`Cannot run ${command} (${error.code})`)))
    if (child.pid === undefined) return
    const watchdog = startWatchdog(-child.pid, { signal: 'INT', graceTenths: GRACE_TENTHS })
    child.stdin.end('\n')
    running.set(watchdog, new Promise((ended) => child.once('close', ended)))
    child.once('close', (code, signal) => {
      running.delete(watchdog)
      watchdog.kill('SIGKILL')
      if (isEnding) return // nobody waits for it any more, and nothing may follow it
      const text = Buffer.concat(output).toString()
      if (code === 0) return resolve(text)
      const name = [command, ...options].slice(0, 4).join(' ')
      reject(new Unmet(`${name} ended with ${signal ?? code}:\n${text.trim()}\nThe next start tries again`))
    })
  })
}

/** Ends every tool that still runs, in its own order if it can, and waits. What waits for one waits for ever: exit next. */
export async function endTools() {
  isEnding = true
  const ends = [...running.values()]
  for (const watchdog of running.keys()) watchdog.stdin.end()
  await Promise.all(ends)
}

/** Ends a process, or with a negative number a process group, when we end, however that is. See end-with-parent.sh. */
export function startWatchdog(target, { signal, graceTenths }) {
  const words = [`${FOLDER}/end-with-parent.sh`, signal, String(target), String(graceTenths)]
  const child = spawn('/bin/sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  return child
}
