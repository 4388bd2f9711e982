import { Link } from 'react-router'
import { useMessages } from '../messages/messages.tsx'
import { ButtonLink } from '../parts/button.tsx'
import { PageTitle } from '../parts/page.tsx'
import { Plate } from '../plate/plate.tsx'
import style from './landing.module.css'

export function Landing() {
  const { landing: texts } = useMessages()
  return (
    <>
      <section className={style['hero']}>
        <div className={style['say']}>
          <PageTitle title={texts.title} className={style['title'] ?? ''}>
            {texts.title}
          </PageTitle>
          <p className={style['lead']}>{texts.lead}</p>
          <div className={style['row']}>
            <ButtonLink to="/shop">{texts.justShop}</ButtonLink>
          </div>
          <p className={style['small']}>{texts.honestStill}</p>
        </div>
        <Plate className={style['plate'] ?? ''} label={texts.plate} caption={<span>{texts.legend}</span>} />
      </section>
      <h2 className="visually-hidden">{texts.tryTitle}</h2>
      <ol className={style['try']}>
        <li>
          <h3>
            <Link to="/shop">{texts.follow.title}</Link>
          </h3>
          <p>{texts.follow.text}</p>
        </li>
        <li>
          <h3>
            <a href="/api/docs">{texts.api.title}</a>
          </h3>
          <p>{texts.api.text}</p>
        </li>
      </ol>
    </>
  )
}
