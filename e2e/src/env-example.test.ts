import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, it } from '@jest/globals'
import { ROOT } from '@lepton/local/root'
import { settings as cart } from '../../services/cart/src/config.ts'
import { settings as gateway } from '../../services/gateway/src/config.ts'
import { settings as inventory } from '../../services/inventory/src/config.ts'
import { settings as ops } from '../../services/ops/src/config.ts'
import { settings as order } from '../../services/order/src/config.ts'
import { settings as payment } from '../../services/payment/src/config.ts'
import { settings as psp } from '../../services/psp/src/config.ts'

it('lists every setting of every service in .env.example', () => {
  const listed = parseEnv(readFileSync(join(ROOT, '.env.example'), 'utf8'))
  const settings = [cart, gateway, inventory, ops, order, payment, psp].flatMap(({ shape }) =>
    Object.keys(shape),
  )

  expect(settings.filter((name) => !(name in listed))).toEqual([])
})
