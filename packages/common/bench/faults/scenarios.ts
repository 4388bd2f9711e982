/** How an instance answers. */
export type Mood = 'well' | 'slow' | '500' | '401' | 'one 500' | 'without its dependency'

/** What can be done to the first of three instances, to what they need, or to those who call them. */
export interface Acts {
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  restart(): Promise<void>
  mood(mood: Mood, which?: 'first' | 'all'): void
  stopConsul(): Promise<void>
  startConsul(): Promise<void>
  /** Consul calls all instances unhealthy, so its answers are empty. */
  emptyCatalogue(isEmpty: boolean): Promise<void>
  stepClock(ms: number): void
}

export interface Scenario {
  /** Also the picture's name. */
  name: string
  title: string
  begin(acts: Acts): Promise<void> | void
  end(acts: Acts): Promise<void> | void
  /** Needs a registry: only a client that has one is shown. */
  needsConsul?: boolean
  /** So often `begin` and `end` take turns while it lasts. */
  everyMs?: number
}

const HOUR_MS = 3_600_000

/** When it begins and ends, and how long the load lasts: what lasts minutes elsewhere is shortened to these. */
export const BEGINS_MS = 2_000
export const ENDS_MS = 6_000
export const LASTS_MS = 10_000

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'kill-9',
    title: 'One of three is killed (SIGKILL), and started again',
    begin: ({ kill }) => kill('SIGKILL'),
    end: ({ restart }) => restart(),
  },
  {
    name: 'sigterm',
    title: 'One of three is asked to stop (SIGTERM), and started again',
    begin: ({ kill }) => kill('SIGTERM'),
    end: ({ restart }) => restart(),
  },
  { name: 'slow', title: 'One of three is ten times slower', ...ofMood('slow') },
  { name: 'fast-500', title: 'One of three answers 500 at once', ...ofMood('500') },
  { name: 'fast-401', title: 'One of three answers 401 at once', ...ofMood('401') },
  {
    name: 'flapping',
    title: 'One of three answers 500 at once for half a second, is well for the next, and so on',
    ...ofMood('500'),
    everyMs: 500,
  },
  { name: 'one-500', title: 'One of three answers a single 500', ...ofMood('one 500') },
  {
    name: 'dependency',
    title: 'What all three need for one operation is away: they answer it 503',
    begin: ({ mood }) => mood('without its dependency', 'all'),
    end: ({ mood }) => mood('well', 'all'),
  },
  {
    name: 'consul-away',
    title: 'Consul is killed; so is one of three, a second later',
    begin: async ({ stopConsul, kill }) => {
      await stopConsul()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await kill('SIGKILL')
    },
    end: ({ startConsul }) => startConsul(),
    needsConsul: true,
  },
  {
    name: 'empty-catalogue',
    title: 'Consul answers that there is no instance',
    begin: ({ emptyCatalogue }) => emptyCatalogue(true),
    end: ({ emptyCatalogue }) => emptyCatalogue(false),
    needsConsul: true,
  },
  {
    name: 'clock-step',
    title: "The caller's clock is set back an hour; one of three is asked to stop at the end",
    begin: ({ stepClock }) => stepClock(-HOUR_MS),
    end: ({ kill }) => kill('SIGTERM'),
  },
]

function ofMood(mood: Mood): Pick<Scenario, 'begin' | 'end'> {
  return { begin: (acts) => acts.mood(mood), end: (acts) => acts.mood('well') }
}
