// A process that appends numbered records to a journal as fast as the disk takes them, and prints the number of each that is on disk:
//   node test/support/journal-child.ts <folder> [refused]
// With `refused` it ends, and says so, when the journal takes no more.
import { Journal } from '../../src/files/journal.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'

const [folder = '', mode] = process.argv.slice(2)
const journal = new Journal({
  ...{ folder, journal: 'spool', bytesMax: 1e9, segmentBytes: 20_000 },
  observer: {
    ...silentObserver,
    warn: (event, { error } = {}) => console.log(`${event} ${(error as { code?: string }).code}`),
  },
})
let next = 0
for (;;) {
  const number = next
  const isTaken = journal.append(Buffer.from(`${number} ${'x'.repeat(number % 700)}`), () =>
    console.log(`kept ${number}`),
  )
  if (isTaken) next += 1
  else if (mode === 'refused') break
  if (!isTaken || number % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
}
console.log(`refused ${next} ${journal.accepts}`)
process.exit(0)
