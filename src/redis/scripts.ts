import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Script {
  readonly name: ScriptName
  readonly text: string
  readonly sha: string
}

/** What each script is built from, in order, before its own file. */
const parts = {
  claim: ['epoch'],
  time: ['epoch'],
  spend: ['epoch', 'rate', 'state', 'record', 'slots', 'lines'],
  peek: ['epoch', 'rate', 'state', 'slots', 'lines'],
  report: ['epoch', 'rate', 'state', 'record', 'slots', 'settle'],
  release: ['epoch', 'rate', 'state', 'record', 'slots', 'settle'],
  seed: ['epoch', 'state', 'record', 'figures'],
  overdue: ['epoch'],
  expire: ['epoch', 'rate', 'state', 'record', 'slots', 'settle'],
  charges: ['epoch'],
  waiting: ['epoch'],
  sizes: ['epoch'],
  trim: ['epoch'],
  stale: ['epoch'],
  tell: [],
  hear: [],
  roll: ['epoch'],
  exam: ['epoch'],
  compare: ['epoch', 'state', 'record', 'figures'],
  pending: ['epoch', 'record'],
  held: ['epoch'],
  renew: ['epoch'],
  hit: ['epoch', 'rate'],
  'hit-back': ['epoch', 'rate'],
  'let-go': [],
} as const

export type ScriptName = keyof typeof parts
export type Scripts = Readonly<Record<ScriptName, Script>>

const folder = join(import.meta.dirname, 'scripts')

/** Loads the scripts, each with the clock before it. Only tests hand in a clock of their own. */
export function loadScripts(clock: string = readPart('clock')): Scripts {
  const build = (name: ScriptName): Script => {
    const text = [clock, ...parts[name].map(readPart), readPart(name)].join('\n')
    return { name, text, sha: createHash('sha1').update(text).digest('hex') }
  }
  return {
    claim: build('claim'),
    time: build('time'),
    spend: build('spend'),
    peek: build('peek'),
    report: build('report'),
    release: build('release'),
    seed: build('seed'),
    overdue: build('overdue'),
    expire: build('expire'),
    charges: build('charges'),
    waiting: build('waiting'),
    sizes: build('sizes'),
    trim: build('trim'),
    stale: build('stale'),
    tell: build('tell'),
    hear: build('hear'),
    roll: build('roll'),
    exam: build('exam'),
    compare: build('compare'),
    pending: build('pending'),
    held: build('held'),
    renew: build('renew'),
    hit: build('hit'),
    'hit-back': build('hit-back'),
    'let-go': build('let-go'),
  }
}

function readPart(name: string): string {
  return readFileSync(join(folder, `${name}.lua`), 'utf8')
}
