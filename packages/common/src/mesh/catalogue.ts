import type { ServiceInstance } from './consul-entries.ts'

/** What says where the instances of services are. */
export interface Catalogue {
  /** Follows a service until closed: no answer and no error ends it. */
  follow(service: string, listener: CatalogueListener): { close(): Promise<void> }
}

interface CatalogueListener {
  onAnswer(instances: ServiceInstance[]): void
  onError(error: unknown): void
  /** The history of the catalogue is another one: what was known is read again. */
  onIndexReset(): void
}
