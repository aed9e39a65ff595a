export interface Order {
  id: string
  descending: boolean
}

export const readOrder = (written: string): Order => (written.startsWith('-') ? { id: written.slice(1), descending: true } : { id: written, descending: false })

export const writeOrder = ({ id, descending }: Order): string => (descending ? `-${id}` : id)

// Rows without a value come last in both directions; equal ones keep their order.
export function compareBy<Row>(rows: readonly Row[], by: ((row: Row) => string | number | null) | undefined, descending: boolean): readonly Row[] {
  if (!by) return rows
  const sign = descending ? -1 : 1
  return [...rows].sort((left, right) => {
    const [one, two] = [by(left), by(right)]
    if (one === null || two === null) return one === two ? 0 : one === null ? 1 : -1
    if (typeof one === 'string' || typeof two === 'string') return sign * String(one).localeCompare(String(two), undefined, { numeric: true })
    return sign * (one - two)
  })
}
