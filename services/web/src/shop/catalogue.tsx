import { Link, useSearchParams } from 'react-router'
import { PRODUCT_SORTS } from '@lepton/contracts/statuses'
import { useMessages } from '../messages/messages.tsx'
import { Button, ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Bone, Empty, Trouble } from '../parts/panel.tsx'
import style from './catalogue.module.css'
import { ProductTile } from './product-tile.tsx'
import { type ProductFilter, type Sort, useCategories, useProducts } from './queries.ts'

export function Catalogue() {
  const { catalogue: texts, shelf } = useMessages()
  const [search] = useSearchParams()
  const query = search.get('query') ?? ''
  const category = search.get('category') ?? ''
  const sort = PRODUCT_SORTS.find((name) => name === search.get('sort')) ?? 'category'
  const { data, error, refetch, isPlaceholderData, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useProducts({
      ...(query && wanted(query, shelf.find(query))),
      ...(category && { category }),
      ...(sort !== 'category' && { sort }),
    })
  const products = data?.pages.flatMap(({ items }) => items)
  return (
    <>
      <PageTitle title={texts.title} className="visually-hidden">
        {texts.title}
      </PageTitle>
      <Filters category={category} sort={sort} />
      {query !== '' && products !== undefined && products.length > 0 && (
        <p className={style['found']}>
          {texts.found(products.length, query)} <Link to="/shop">{texts.showAll}</Link>
        </p>
      )}
      {error && <Trouble error={error} onRetry={() => void refetch()} />}
      {products === undefined && !error && <Bones />}
      {products?.length === 0 && (
        <Empty
          title={query === '' ? texts.empty : texts.nothing(query)}
          hint={query === '' ? texts.emptyHint : texts.nothingHint}
        >
          <ButtonLink to="/shop">{texts.showAll}</ButtonLink>
        </Empty>
      )}
      {products !== undefined && products.length > 0 && (
        <ul className={`${style['grid']} ${isPlaceholderData ? style['stale'] : ''}`}>
          {products.map((product) => (
            <li key={product.product_id}>
              <ProductTile product={product} />
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <div className={style['more']}>
          <Button look="quiet" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {texts.more}
          </Button>
        </div>
      )}
    </>
  )
}

/** By id where the words are those of another language than the shop's, as far as they mean anything. */
function wanted(query: string, ids: readonly string[] | undefined): ProductFilter {
  return ids === undefined || ids.length === 0 ? { query } : { product_ids: ids.join(',') }
}

function Filters({ category, sort }: { category: string; sort: Sort }) {
  const { catalogue: texts, shelf } = useMessages()
  const [search, setSearch] = useSearchParams()
  const { data } = useCategories()
  const pathOf = (params: Record<string, string>) =>
    `/shop?${new URLSearchParams({ ...params, ...(sort !== 'category' && { sort }) }).toString()}`
  return (
    <div className={style['top']}>
      <nav className={style['tabs']} aria-label={texts.categories}>
        <Link to={pathOf({})} aria-current={category === '' ? 'page' : undefined}>
          {texts.all}
        </Link>
        {data?.items.map(({ category: name }) => (
          <Link
            key={name}
            to={pathOf({ category: name })}
            aria-current={category === name ? 'page' : undefined}
          >
            {shelf.category(name)}
          </Link>
        ))}
      </nav>
      <label className={style['sort']}>
        {texts.sort}
        <select
          value={sort}
          onChange={(event) => {
            const next = new URLSearchParams(search)
            next.set('sort', event.target.value)
            setSearch(next, { replace: true })
          }}
        >
          {PRODUCT_SORTS.map((name) => (
            <option key={name} value={name}>
              {texts.sorts[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function Bones() {
  return (
    <ul className={style['grid']} aria-hidden="true">
      {Array.from({ length: 8 }, (_, index) => (
        <li key={index}>
          <Bone ratio="1" />
          <Bone height={44} className={style['name'] ?? ''} />
        </li>
      ))}
    </ul>
  )
}
