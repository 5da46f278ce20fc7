interface Family {
  /** Its HELP and TYPE. */
  readonly head: readonly string[]
  readonly samples: string[]
}

/**
 * One Prometheus text of several: each metric once, with the samples of every part, told apart by the label `process`. Parts are texts as
 * `Metrics.text` writes them: every metric begins with its HELP.
 */
export function mergeMetrics(parts: readonly { readonly process: string; readonly text: string }[]): string {
  const families = new Map<string, Family>()
  for (const { process, text } of parts) {
    for (const block of text.split(/^(?=# HELP )/m)) {
      const lines = block.split('\n').filter((line) => line !== '')
      const head = lines.filter((line) => line.startsWith('#'))
      const name = head[0]?.split(' ')[2]
      if (name === undefined) continue
      const family = families.get(name) ?? { head, samples: [] }
      families.set(name, family)
      for (const line of lines) if (!line.startsWith('#')) family.samples.push(labelled(line, process))
    }
  }
  return [...families.values()].map(({ head, samples }) => `${[...head, ...samples].join('\n')}\n`).join('\n')
}

function labelled(sample: string, process: string): string {
  const end = sample.search(/[{ ]/)
  const [name, rest] = [sample.slice(0, end), sample.slice(end)]
  return rest.startsWith('{') ? `${name}{process="${process}",${rest.slice(1)}` : `${name}{process="${process}"}${rest}`
}
