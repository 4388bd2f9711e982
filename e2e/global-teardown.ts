import { rm } from 'node:fs/promises'
import { keepsState } from './config.ts'
import { ownShop } from './own-shop.ts'

/** Runs once after the journeys, also after failed ones. */
async function teardown(): Promise<void> {
  await ownShop.stop?.()
  if (ownShop.stateDir === undefined) return
  if (keepsState()) console.info(`logs and data of the shop: ${ownShop.stateDir}`)
  else await rm(ownShop.stateDir, { recursive: true, force: true })
}

export { teardown as default }
