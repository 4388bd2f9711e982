import type { ShopError } from '@lepton/client'
import type { ReactNode } from 'react'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Trouble } from '../parts/panel.tsx'
import { Age } from './age.tsx'

/** A page of figures that are asked for again and again: its sentence, how old it is, who gave none, and what went wrong. */
export function LivePage<Data extends { incomplete: readonly { service: string }[] }>({
  name,
  query: { data, error, refetch, dataUpdatedAt },
  sentence,
  children,
}: {
  name: string
  query: {
    data: Data | undefined
    error: ShopError | null
    refetch: () => Promise<unknown>
    dataUpdatedAt: number
  }
  /** What is the matter, in one sentence. */
  sentence: (data: Data) => string
  children: (data: Data) => ReactNode
}) {
  return (
    <>
      <PageTitle title={name}>{data === undefined ? name : sentence(data)}</PageTitle>
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Bone height={360} />}
      {data !== undefined && (
        <>
          <Age updatedAt={dataUpdatedAt} incomplete={data.incomplete} />
          {children(data)}
        </>
      )}
    </>
  )
}
