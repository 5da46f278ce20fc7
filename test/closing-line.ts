import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with the one line that machines read: `12 passed, 0 failed`. What cannot load counts as failed. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length
    const unloaded = modules.length === 0 ? 1 : modules.filter((module) => module.errors().length > 0).length
    const broken = errors.length + unloaded
    const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : ''
    process.stdout.write(`\n${count('passed')} passed, ${count('failed') + broken} failed${skipped}\n`)
  }
}
