import type { ACTIONS } from '@lepton/contracts/processes'
import { ALL_SERVICES } from '@lepton/contracts/services'

type Action = (typeof ACTIONS)[number]

const NAMES: readonly string[] = [...ALL_SERVICES, 'postgres', 'kafka', 'consul']

/**
 * What to type where Docker Compose runs the shop. A service's name is for Compose; an instance is called by its
 * container's id, which is Docker's.
 */
export function composeCommand(action: Action, name: string): string {
  const isService = NAMES.includes(name)
  const docker = isService ? 'docker compose' : 'docker'
  switch (action) {
    case 'kill':
      return `${docker} kill ${name} && ${docker} start ${name}`
    case 'pause':
      return `${docker} pause ${name} && sleep 10 && ${docker} unpause ${name}`
    case 'restart':
      return `${docker} restart ${name}`
    case 'add':
      return `docker compose up -d --wait --no-recreate --scale ${name}=3`
    case 'remove':
      return isService ? `docker compose up -d --wait --no-recreate --scale ${name}=1` : `docker stop ${name}`
    case 'wipe':
      return 'docker compose rm -sf kafka && docker volume rm lepton_kafka && docker compose up -d --wait'
  }
}
