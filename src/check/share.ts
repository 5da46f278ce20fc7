import type { Line } from '../core/limit.ts'

/**
 * A limit's share for one of `processes`: burst, amount and cap divided, so that all together hold the limit while no store adds them up. At
 * least one slot of a cap, one hit a period, and, of a rate, room for this request where the limit itself has room: else it would wait for
 * ever. A quota is divided strictly.
 */
export function shareOf(line: Line, processes: number): Line {
  const part = (amount: number): number => Math.floor(amount / processes)
  switch (line.kind) {
    case 'quota':
      return { ...line, amount: part(line.amount) }
    case 'concurrency':
      return { ...line, amount: line.amount > 0 ? Math.max(1, part(line.amount)) : 0 }
    case 'rate': {
      const least = line.hits <= line.burst ? Math.max(1, line.hits) : 1
      return { ...line, amount: Math.max(1, part(line.amount)), burst: Math.max(least, part(line.burst)) }
    }
  }
}
