import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Unavailable } from '@lepton/common/runtime/problem'
import { ControlAnswer, type LogRequest, type OpsAction, RunningShop } from '@lepton/contracts/control'
import { Experiment, type ExperimentRequest } from '@lepton/contracts/experiments'
import { Recording } from '@lepton/contracts/recordings'
import { z } from 'zod'

/** A restart drains the instance first. */
const ANSWER_MS = 30_000

/** The launcher said no, with its reason. */
export class LauncherRefused extends Error {}

export interface Launcher {
  running(): Promise<RunningShop>
  /** Resolves when the launcher has done it. */
  act(action: OpsAction, ...args: string[]): Promise<unknown>
  /** Lines of the logs, oldest first, as they were written. */
  logs(request: LogRequest): Promise<string[]>
}

/** The launcher's experiments, on shops of their own. */
export interface Laboratory {
  experiments: {
    list(): Promise<Experiment[]>
    start(request: ExperimentRequest): Promise<Experiment>
    stop(id: string): Promise<Experiment>
    recording(id: string): Promise<Recording>
  }
}

/** Asks the launcher over its socket: a line of JSON each way, on a connection of its own. */
export function createLauncher(socketPath: string): Launcher & Laboratory {
  async function ask(command: string, args: string[]): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect(socketPath)
    const away = (cause?: unknown) => reject(new Unavailable('the launcher', { cause }))
    socket.setTimeout(ANSWER_MS, away)
    socket.once('error', away)
    socket.once('connect', () => socket.write(`${JSON.stringify({ command, args })}\n`))
    createInterface({ input: socket })
      .once('line', resolve)
      .once('close', () => away())
      .on('error', away)
    try {
      const answer = ControlAnswer.parse(JSON.parse(await promise))
      if (!answer.ok) throw new LauncherRefused(answer.error)
      return answer.result
    } finally {
      socket.destroy()
    }
  }
  return {
    running: async () => RunningShop.parse(await ask('ps', [])),
    act: (action, ...args) => ask(action, args),
    logs: async (request) => z.array(z.string()).parse(await ask('logs', [JSON.stringify(request)])),
    experiments: {
      list: async () => z.array(Experiment).parse(await ask('experiments', [])),
      start: async (request) => Experiment.parse(await ask('experiment', [JSON.stringify(request)])),
      stop: async (id) => Experiment.parse(await ask('end-experiment', [id])),
      recording: async (id) => Recording.parse(await ask('recording', [id])),
    },
  }
}
