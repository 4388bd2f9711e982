import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout this file belongs to. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** Where a shop of this checkout keeps its state by default. */
export const STATE_DIR = join(ROOT, '.lepton')
