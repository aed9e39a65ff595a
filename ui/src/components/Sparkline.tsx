interface SparklineProps {
  values: readonly number[]
  errors?: readonly number[]
  label: string
  width?: number
  height?: number
}

// A small bar series as plain SVG; failures are drawn over the foot of each bar.
export function Sparkline({ values, errors = [], label, width = 150, height = 24 }: SparklineProps) {
  const most = Math.max(1, ...values)
  const step = width / Math.max(1, values.length)
  const bar = (value: number, index: number, fill: string) => {
    const high = value > 0 ? Math.max(1.5, (value / most) * height) : 0
    return high > 0 && <rect key={`${fill}${index}`} x={(index * step).toFixed(2)} y={(height - high).toFixed(2)} width={Math.max(1, step - 1).toFixed(2)} height={high.toFixed(2)} fill={fill} rx="0.8" />
  }
  return (
    <svg class="sparkline" role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      {values.map((value, index) => bar(value, index, 'var(--s0)'))}
      {errors.map((value, index) => bar(value, index, 'var(--error)'))}
    </svg>
  )
}
