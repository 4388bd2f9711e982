import { databaseUrl, ownerUrl } from '@lepton/setup/databases'
import { createKafkaUsers } from '@lepton/setup/kafka-users'
import { createAllTopics } from '@lepton/setup/topics'
import { wipeConsul } from './consul-wipe.ts'
import type { Fleet } from './fleet.ts'
import { SERVICE_STOP_TIMEOUT_MS, type Launch } from './launch.ts'
import { rotate } from './rotate.ts'
import type { ServiceContext } from './services.ts'
import type { Shop } from './shop-types.ts'

/** The handle by which the running shop is steered. */
export function createShop(launch: Launch, context: ServiceContext, fleet: Fleet): Omit<Shop, 'whole'> {
  const { servers, state } = launch
  const gateway = `http://127.0.0.1:${context.gatewayPort}`
  return {
    urls: {
      gateway,
      api: `${gateway}/api/v1`,
      docs: `${gateway}/api/docs`,
      consul: context.servers.consul,
      psp: `http://127.0.0.1:${context.pspPort}`,
    },
    stateDir: state.dir,
    kafka: context.kafka,
    databaseUrl: (owner) =>
      ownerUrl(context.servers.postgres, owner, context.secrets.databasePasswords[owner]),
    adminUrl: (owner) =>
      owner === undefined ? context.servers.postgres : databaseUrl(context.servers.postgres, owner),
    operatorSecretFile: context.secrets.operatorSecretFile,
    instances: fleet.list,
    servers: servers.list,
    add: fleet.add,
    remove: async (instance) => {
      await fleet.remove(instance)
      launch.onChange()
    },
    restart: (instance) => fleet.process(instance).restart(SERVICE_STOP_TIMEOUT_MS),
    kill: (instance, signal = 'SIGKILL') => fleet.process(instance).signal(signal),
    pause: (instance) => fleet.process(instance).pause(),
    resume: (instance) => fleet.process(instance).resume(),
    ready: async (instance) => {
      const names = instance === undefined ? fleet.list().map((info) => info.instance) : [instance]
      await Promise.all(names.map((name) => fleet.process(name).ready()))
    },
    killServer: (name, signal = 'SIGKILL') => servers.process(name).signal(signal),
    pauseServer: (name) => servers.process(name).pause(),
    resumeServer: (name) => servers.process(name).resume(),
    restartServer: (name) => servers.process(name).restart(SERVICE_STOP_TIMEOUT_MS),
    serverReady: (name) => servers.process(name).ready(),
    wipeKafka: async (refill) => {
      await servers.wipe('kafka')
      await refill?.()
      // What a service had begun to send before the refill fails until then.
      await createKafkaUsers(context.kafka, context.secrets.kafkaPasswords)
      await createAllTopics(context.kafka)
    },
    wipeConsul: () => wipeConsul(launch, context),
    rotate: (secret) => rotate(launch, context, fleet, secret),
    stop: launch.stop,
  }
}

/** What other programs may know of the running shop; the file it goes to is readable by its owner only. */
export function describeShop(shop: Omit<Shop, 'whole'>) {
  return {
    pid: process.pid,
    urls: shop.urls,
    operator_secret_file: shop.operatorSecretFile,
    servers: shop.servers(),
    instances: shop.instances(),
  }
}
