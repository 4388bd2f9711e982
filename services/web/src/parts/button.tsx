import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link, type LinkProps } from 'react-router'
import style from './button.module.css'

type Look = 'quiet' | 'danger' | 'link'
interface Looks {
  look?: Look
  size?: 'small'
  children: ReactNode
}

const classOf = ({ look, size }: Omit<Looks, 'children'>) =>
  [style['button'], look && style[look], size && style[size]].filter(Boolean).join(' ')

export function Button({ look, size, ...rest }: Looks & ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button type="button" {...rest} className={classOf({ ...(look && { look }), ...(size && { size }) })} />
  )
}

export function ButtonLink({ look, size, ...rest }: Looks & LinkProps) {
  return <Link {...rest} className={classOf({ ...(look && { look }), ...(size && { size }) })} />
}
