/** Tells a process its name among those of its supervisor; without the supervisor's channel it is not a variable of ours. */
export const processVariable = 'TOLLGATE_SERVING_PROCESS'

type Environment = Readonly<Record<string, string | undefined>>

/** What a supervisor asks its serving processes. */
export type Question = 'metrics' | 'missing' | 'warnings' | 'json'

export interface Asked {
  readonly ask: number
  readonly about: Question
  /** What `json` is asked, in base64; else empty. */
  readonly body: string
}

/** What a serving process tells: the answer to a question, or, once, that Envoy is served. */
export type Told = { readonly ask: number; readonly answer: string } | { readonly ready: true }

/** This process's line to the supervisor that started it. */
export interface SupervisorLink {
  /** Says that Envoy is served. */
  ready(): void
  close(): void
}

/** This process's name, when a supervisor started it, and the environment without it: else it is refused as a setting that nobody knows. */
export function supervisedBy(environment: Environment): { readonly name?: string; readonly environment: Environment } {
  const { [processVariable]: name, ...rest } = environment
  return name === undefined || !process.connected ? { environment } : { name, environment: rest }
}

/** Answers the supervisor's questions, and calls `onLost` when it is gone. */
export function linkToSupervisor(given: {
  readonly answers: Readonly<Record<Question, (body: string) => Promise<string> | string>>
  readonly onLost: () => void
}): SupervisorLink {
  const { answers, onLost } = given
  const tell = (told: Told): void => {
    if (process.connected) process.send?.(told, undefined, undefined, () => undefined)
  }
  process.on('message', (asked: Asked) => {
    void Promise.resolve(answers[asked.about](asked.body)).then((answer) => tell({ ask: asked.ask, answer }))
  })
  process.once('disconnect', onLost)
  return {
    ready: () => tell({ ready: true }),
    close() {
      process.off('disconnect', onLost)
      if (process.connected) process.disconnect?.()
    },
  }
}
