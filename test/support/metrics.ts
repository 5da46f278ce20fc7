import type { World } from '../../demo/world.ts'

/** Tollgate's metrics as its ops listener tells them. */
export interface Metrics {
  /** Of every series of this name, with its prefix, whose labels hold a text. */
  sum(name: string, label?: string): number
}

/** The metrics of one moment. */
export async function metricsOf(world: World): Promise<Metrics> {
  const page = await (await fetch(`${world.tollgate.opsUrl}/metrics`)).text()
  const series = page.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    return name === '' ? [] : [{ name, labels, value: Number(value) }]
  })
  return {
    sum: (name, label = '') =>
      series
        .filter((one) => one.name === name && one.labels.includes(label))
        .reduce((sum, { value }) => sum + value, 0),
  }
}
