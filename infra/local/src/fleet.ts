import { CannotStart } from './cannot-start.ts'
import { createRegistry, readyUrl } from './readiness.ts'
import { entryOf, environmentOf, nodeOf, type ServiceContext, type ServiceName } from './services.ts'
import { leadOver } from './via.ts'
import type { ProcessSpec, ProcessStatus } from './process-spec.ts'
import type { SupervisedProcess } from './supervised-process.ts'

export interface InstanceInfo {
  instance: string
  service: ServiceName
  status: ProcessStatus
  pid: number | undefined
  url: string | undefined
  restarts: number
}

export interface FleetDeps {
  context: ServiceContext
  supervise: (spec: ProcessSpec) => SupervisedProcess
  portOf: (service: ServiceName, instance: string) => Promise<number>
  logFile: (name: string) => string
  stopTimeoutMs: number
}

interface Member {
  service: ServiceName
  process: SupervisedProcess
  url: string | undefined
}

export type Fleet = ReturnType<typeof createFleet>

/** The running instances of the shop's services. */
export function createFleet(deps: FleetDeps) {
  const { context } = deps
  const members = new Map<string, Member>()
  const names = new Set<string>()
  const registrationsOf = createRegistry(context.servers.consul, context.consulTokenFile)

  /** Starts one more instance of a service and waits until it is ready; gives its name. */
  async function add(service: ServiceName): Promise<string> {
    const instance = freeName(service)
    names.add(instance)
    const member = await create(service, instance)
    members.set(instance, member)
    try {
      await member.process.start()
    } catch (error) {
      await remove(instance)
      throw error
    }
    return instance
  }

  async function create(service: ServiceName, instance: string): Promise<Member> {
    const port = await deps.portOf(service, instance)
    const env = environmentOf({ service, instance, port }, context)
    const { via, kafkaListeners = [] } = context
    const process = deps.supervise({
      name: instance,
      command: [nodeOf(context.root), entryOf(context.root, service)],
      env: via === undefined ? env : await leadOver(via, instance, env, kafkaListeners),
      cwd: context.root,
      logFile: deps.logFile(instance),
      goesFirst: service === 'gateway',
      deathSignal: 'KILL',
      stopSignal: 'SIGTERM',
      isReady: async () => {
        // The card processor is not ours, so it is not registered: it has a fixed port.
        const known = service === 'psp' ? [{ address: '127.0.0.1', port }] : await registrationsOf(instance)
        member.url = await readyUrl(known)
        return member.url !== undefined
      },
    })
    const member: Member = { service, process, url: undefined }
    return member
  }

  /** Drains an instance and lets it go. */
  async function remove(instance: string): Promise<void> {
    await memberOf(instance).process.stop(deps.stopTimeoutMs)
    members.delete(instance)
    names.delete(instance)
  }

  async function stop(): Promise<void> {
    await Promise.all([...members.values()].map(({ process }) => process.stop(deps.stopTimeoutMs)))
  }

  function list(): InstanceInfo[] {
    return [...members].map(([instance, { service, process, url }]) => ({
      instance,
      service,
      status: process.status,
      pid: process.pid,
      url: process.status === 'ready' ? url : undefined,
      restarts: process.restarts,
    }))
  }

  function memberOf(instance: string): Member {
    const found = members.get(instance)
    if (found) return found
    throw new CannotStart(`There is no ${instance}. There are ${[...members.keys()].sort().join(', ')}.`)
  }

  function freeName(service: ServiceName): string {
    if (service === 'psp' && names.has('psp-1'))
      throw new CannotStart('The psp keeps one ledger: it runs once.')
    for (let number = 1; ; number++) if (!names.has(`${service}-${number}`)) return `${service}-${number}`
  }

  return { add, remove, stop, list, process: (instance: string) => memberOf(instance).process }
}
