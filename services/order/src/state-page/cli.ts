import { writeFileSync } from 'node:fs'
import { statePage } from './page.ts'

writeFileSync(new URL('../../../../docs/order-states.md', import.meta.url), statePage())
