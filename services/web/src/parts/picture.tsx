import sprite from '../pictures.svg?url'
import style from './picture.module.css'
import { DRAWN, tracksOf } from './tracks.ts'

/** The drawing of a product; one that has none gets a plate with the tracks of its id. It says nothing that its name does not. */
export function Picture({ productId, category }: { productId: string; category?: string }) {
  const drawn = DRAWN[productId]
  return (
    <div className={`${style['picture']} ${style[category ?? drawn ?? ''] ?? ''}`}>
      <svg viewBox="0 0 200 200" aria-hidden="true" focusable="false">
        {drawn !== undefined ? (
          <use href={`${sprite}#${productId}`} />
        ) : (
          <>
            <rect x="34" y="34" width="132" height="132" fill="var(--p-night)" />
            {tracksOf(productId).map((path) => (
              <path key={path} d={path} className={style['track']} />
            ))}
          </>
        )}
      </svg>
    </div>
  )
}
