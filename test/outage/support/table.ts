import type { Outcome } from './trial.ts'

/** One line per point: trials, delivered, refused, lost, doubled, unsettled. */
export function printTable(outcomes: readonly Outcome[]): void {
  const rows = [...Map.groupBy(outcomes, ({ point }) => point)].map(([point, of]) => {
    const sum = (figure: (outcome: Outcome) => number): number => of.reduce((total, one) => total + figure(one), 0)
    return {
      point,
      trials: of.length,
      'in flight, least': Math.min(...of.map(({ inFlight }) => inFlight)),
      delivered: sum(({ delivered }) => delivered),
      refused: sum(({ refused }) => refused),
      lost: sum(({ lost }) => lost.length),
      doubled: sum(({ doubled }) => doubled.length),
      unsettled: sum(({ unsettled }) => unsettled.length),
      differing: sum(({ differing }) => differing.length),
    }
  })
  console.table(rows)
}
