import { rm } from 'node:fs/promises'
import { ownShop } from './own-shop.ts'

/** Runs once after the journeys, also after failed ones. */
async function teardown(): Promise<void> {
  await ownShop.stop?.()
  if (ownShop.stateDir !== undefined) await rm(ownShop.stateDir, { recursive: true, force: true })
}

export { teardown as default }
