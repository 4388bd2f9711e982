import { NavLink } from 'react-router'
import { useMessages } from '../messages/messages.tsx'
import style from './lab.module.css'

/** The two experiments of the lab. */
export function LabNav() {
  const { lab: texts } = useMessages()
  return (
    <nav className={style['nav']} aria-label={texts.experiments}>
      <NavLink to="/lab" end>
        {texts.title}
      </NavLink>
      <NavLink to="/lab/patterns">{texts.patterns}</NavLink>
    </nav>
  )
}
