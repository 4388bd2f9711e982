import { useMessages } from '../messages/messages.tsx'
import { ButtonLink } from './button.tsx'
import { PageTitle } from './page.tsx'
import style from './panel.module.css'

export function NotFound() {
  const { notFound } = useMessages()
  return (
    <div className={style['panel']}>
      <PageTitle title={notFound.title}>{notFound.title}</PageTitle>
      <p>{notFound.hint}</p>
      <div className={style['row']}>
        <ButtonLink to="/shop">{notFound.home}</ButtonLink>
      </div>
    </div>
  )
}
