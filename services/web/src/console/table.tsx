import type { ReactNode } from 'react'
import table from './table.module.css'

export interface Column {
  label: string
  /** Figures stand to the right. */
  isFigure?: boolean
}

export const figure = (label: string): Column => ({ label, isFigure: true })

/** Two figures of one cell. */
export function TwoFigures({ of: [first, second] }: { of: [string, string] }) {
  return (
    <span className={table['pair']}>
      <span>{first} /</span> <span>{second}</span>
    </span>
  )
}

/** Rows of cells; on a phone each row is a card, and each cell stands beside its label. */
export function Table({
  columns,
  rows,
}: {
  columns: readonly Column[]
  rows: readonly { key: string | number; cells: readonly ReactNode[] }[]
}) {
  return (
    <table className={table['table']}>
      <thead>
        <tr>
          {columns.map(({ label, isFigure }) => (
            <th key={label} className={isFigure ? table['n'] : undefined}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, index) => (
              <td
                key={columns[index]?.label}
                data-label={columns[index]?.label}
                className={columns[index]?.isFigure ? table['n'] : undefined}
              >
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
