import { isDeepStrictEqual } from 'node:util'
import type { getWindows } from '@lepton/contracts/windows'
import { createShopClient, type Shopper } from '@lepton/testing/shop-client'
import { until } from '@lepton/testing/until'
import type { z } from 'zod'
import { minutesOf, windowsBySql } from '../../windows-by-sql.ts'
import type { ChaosShop } from '../chaos-shop.ts'
import type { Facts } from '../invariants/facts.ts'
import { askDatabase } from './ask-database.ts'

/** An instance of ops that was killed counts from the start of the log again. */
const TIMEOUT_MS = 30_000
const ALL_MINUTES = 1_440

type Windows = z.infer<(typeof getWindows)['answers'][200]>

/** What ops has counted of the topics, beside SQL: as soon as they are equal, or as they are when the time is over. */
export async function readWindows(shop: ChaosShop): Promise<Facts['windows']> {
  const bySql = await windowsBySql((owner, sql) => askDatabase(shop.databaseUrl(owner), (ask) => ask(sql)))
  const client = createShopClient(shop.urls.gateway)
  const windows: Facts['windows'] = { counted: {}, bySql }
  let operator: Shopper | undefined
  try {
    await until(
      'the windows are what SQL says',
      async () => {
        operator ??= await client.operator(shop.operatorSecret)
        const { status, body } = await operator.ask<Windows>(
          'GET',
          `/api/v1/ops/streams/windows?per=minute&limit=${ALL_MINUTES}`,
        )
        if (status !== 200) throw new Error(`the windows: ${status}`)
        windows.counted = minutesOf(body.windows)
        return isDeepStrictEqual(windows.counted, bySql)
      },
      { timeoutMs: TIMEOUT_MS, everyMs: 500 },
    ).catch((error: unknown) => {
      // That they differ is what the invariant says; why ops did not answer, it cannot know.
      const { cause } = error as Error
      if (cause instanceof Error) windows.fault = cause.message
    })
    return windows
  } finally {
    await client.close()
  }
}
