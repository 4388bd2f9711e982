import { type BlockList, isIPv6 } from 'node:net'
import { answer, type Endpoint } from '@lepton/common/http/app'
import { type Caller, nameOf } from '@lepton/common/http/auth'
import type { MeshClient } from '@lepton/common/mesh/client'
import type { ConsulClient } from '@lepton/common/mesh/consul'
import { registryDefaults } from '@lepton/common/mesh/registry'
import type { Log } from '@lepton/common/runtime/log'
import { Unavailable } from '@lepton/common/runtime/problem'
import { askService, deregisterService, metaOf, registerService } from '@lepton/contracts/governance'
import { ALL_SERVICES } from '@lepton/contracts/services'
import { refuse } from '@lepton/shop/refuse'
import type { Marks } from './marks.ts'
import { noteAct } from './note-act.ts'

interface Place {
  service_name: string
  service_address: string
  service_port: number
}

export interface ForeignServiceDeps {
  consul: ConsulClient
  mesh: MeshClient
  marks: Marks
  log: Log
  /** Where services may be. */
  allow: BlockList
  maxRegistered: number
  /** Where the shop's own servers listen, as `host:port`. */
  ownPlaces: readonly string[]
}

/** Marks what was registered here: nothing else is taken out again. */
const TAG = 'registered-by-api'
/** The card processor is no part of the shop, and in no registry. */
const REGISTERED = ALL_SERVICES.filter((service) => service !== 'psp')
/** For a service that does not answer, and for one that answers without an end. */
const ASK_MS = 2_000
const MAX_BODY_BYTES = 64 * 1024

/**
 * Services that are not the shop's, put into the registry by an operator and asked over the mesh.
 *
 * What is registered is called: so it must be an address (a name may stand for another one tomorrow) of an allowed
 * range, at which no process of the shop listens, under a name that is not one of the shop's services. Nothing
 * of the operator's request goes to it: no token, no cookie, no header.
 */
export function foreignServiceRoutes(deps: ForeignServiceDeps): Endpoint[] {
  const { consul, mesh, allow, maxRegistered } = deps

  return [
    answer(registerService, async ({ body, caller }) => {
      refuseShopName(body)
      if (!isAllowed(body, allow) || isOwnPlace(body, deps))
        throw refuse('address-not-allowed', `Nothing may be registered at ${placeOf(body)}.`, {
          errors: [
            {
              pointer: '/service_address',
              detail: 'is not in REGISTER_ALLOW, or is a place of the shop itself',
            },
          ],
        })
      const ids = await fromConsul(() => consul.idsWithTag(TAG))
      if (!ids.includes(idOf(body)) && ids.length >= maxRegistered)
        throw refuse('overloaded', `${maxRegistered} instances are registered: take one out first.`)
      await fromConsul(() =>
        consul.register({
          id: idOf(body),
          name: body.service_name,
          address: body.service_address,
          port: body.service_port,
          tags: [TAG],
          meta: { instance: instanceOf(body), ...(body.participant && metaOf(body.participant)) },
          check: {
            url: `tcp://${placeOf(body)}`,
            intervalS: registryDefaults.checkIntervalS,
            timeoutS: registryDefaults.checkTimeoutS,
            failuresBeforeCritical: registryDefaults.failuresBeforeCritical,
            deregisterAfterMin: registryDefaults.deregisterAfterMin,
          },
        }),
      )
      return done(deps, 'registered', body, caller)
    }),

    answer(deregisterService, async ({ body, caller }) => {
      const ids = await fromConsul(() => consul.idsWithTag(TAG))
      if (!ids.includes(idOf(body))) throw refuse('not-found', `${placeOf(body)} was not registered here.`)
      await fromConsul(() => consul.deregister(idOf(body), ASK_MS))
      return done(deps, 'deregistered', body, caller)
    }),

    answer(askService, async ({ query: { service_name, path } }) => {
      const request = { service: service_name, operation: 'ask_service', method: 'GET' as const, path }
      const { status, headers, body, endpoint } = await mesh
        .request({ ...request, deadlineMs: ASK_MS })
        .catch((error: unknown) => {
          if (!(error instanceof Unavailable) || mesh.instances(service_name).length > 0) throw error
          throw refuse('not-found', `No instance of ${service_name} is registered.`)
        })
      const shown = { status, content_type: headers['content-type'] ?? null, body: textOf(body) }
      return { status: 200, body: { status: 'success', service_name, instance: endpoint, answer: shown } }
    }),
  ]
}

function refuseShopName({ service_name }: Place): void {
  if (!(ALL_SERVICES as readonly string[]).includes(service_name)) return
  throw refuse('invalid-request', 'A service of the shop registers itself.', {
    errors: [{ pointer: '/service_name', detail: `must not be ${ALL_SERVICES.join(', ')}` }],
  })
}

function isAllowed({ service_address: address }: Place, allow: BlockList): boolean {
  return allow.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * Whether a process or server of the shop listens at the port, as far as this one knows: also on the ports that instances
 * name in their metadata. By port alone, since on loopback every address of the range is this machine.
 */
function isOwnPlace({ service_port }: Place, { mesh, ownPlaces }: ForeignServiceDeps): boolean {
  const instances = REGISTERED.flatMap((service) => mesh.instances(service))
  const ports = [
    ...instances.map(({ port }) => String(port)),
    ...instances.flatMap(({ meta }) =>
      Object.keys(meta).flatMap((key) => (key.endsWith('_port') ? meta[key] : [])),
    ),
    ...ownPlaces.map((place) => place.split(':').at(-1)),
  ]
  return ports.includes(String(service_port))
}

async function fromConsul<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new Unavailable('consul', { fault: 'consul', cause: error })
  }
}

function done(deps: ForeignServiceDeps, action: string, place: Place, caller: Caller) {
  const { service_name } = place
  const at = placeOf(place)
  noteAct(
    deps,
    { who: nameOf(caller), action, name: service_name, what: `${action} at ${at}` },
    { place: at },
  )
  return { status: 200, body: { status: 'success' as const, service_name, instance: instanceOf(place) } }
}

function textOf(body: Buffer): string {
  return body.subarray(0, MAX_BODY_BYTES).toString()
}

function placeOf({ service_address: address, service_port: port }: Place): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

function instanceOf({ service_name, service_port }: Place): string {
  return `${service_name}-${service_port}`
}

function idOf(place: Place): string {
  return `${place.service_name}@${placeOf(place)}`
}
