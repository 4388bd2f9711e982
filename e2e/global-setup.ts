import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@lepton/local/config'
import { serveControl } from '@lepton/local/control'
import { ROOT } from '@lepton/local/root'
import { startShop } from '@lepton/local/shop'
import { ofEachOwner } from '@lepton/setup/services'
import { mutation, publishStateDir, SETTINGS, targetUrl } from './config.ts'
import { handoverFile, type Handover } from './launcher-target.ts'
import { ownShop } from './own-shop.ts'

/** Runs once before the journeys: a shop of their own, whatever servers the environment names. */
async function setup(): Promise<void> {
  if (targetUrl() !== undefined) return
  const stateDir = await mkdtemp(join(tmpdir(), 'lepton-e2e-'))
  const config = { ...readConfig(), given: {} }
  const env = { ...SETTINGS, all: { ...SETTINGS.all, ...mutation() } }
  const shop = await startShop({ root: ROOT, stateDir, useDefaultPorts: false, config, env })
  const closeControl = await serveControl(shop, () => undefined)
  ownShop.stop = async () => {
    closeControl()
    await shop.stop()
  }
  ownShop.stateDir = stateDir
  const handover: Handover = {
    gateway: shop.urls.gateway,
    psp: shop.urls.psp,
    consul: shop.urls.consul,
    databases: ofEachOwner((owner) => shop.databaseUrl(owner)),
    schemas: ofEachOwner((owner) => shop.adminUrl(owner)),
  }
  await writeFile(handoverFile(stateDir), JSON.stringify(handover), { mode: 0o600 })
  publishStateDir(stateDir)
}

export { setup as default }
