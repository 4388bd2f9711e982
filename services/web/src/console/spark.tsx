import style from './console.module.css'

const [WIDTH, HEIGHT] = [100, 36]

/** A line of the last minutes; where there is no value there is a gap, and no nought. */
export function Spark({ values, label }: { values: readonly (number | null)[]; label: string }) {
  return (
    <svg
      className={style['spark']}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={pathOf(values)} />
    </svg>
  )
}

function pathOf(values: readonly (number | null)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE)
  const stepX = WIDTH / Math.max(1, values.length - 1)
  const yOf = (value: number) => HEIGHT - (value / most) * (HEIGHT - 2) - 1
  return values
    .map((value, index) => {
      if (value === null) return ''
      const isFirst = (values[index - 1] ?? null) === null
      return `${isFirst ? 'M' : 'L'}${(index * stepX).toFixed(1)} ${yOf(value).toFixed(1)}`
    })
    .join('')
}
