// Each layer lies on the sum of those before it; where a layer has nothing it takes no room.
export function stacked(layers: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const length = layers[0]?.length ?? 0
  const sums = new Array<number>(length).fill(0)
  const any = Array.from({ length }, (_, index) => layers.some((values) => (values[index] ?? null) !== null))
  return layers.map((values) =>
    Array.from({ length }, (_, index) => {
      sums[index] = (sums[index] ?? 0) + (values[index] ?? 0)
      return any[index] ? (sums[index] ?? 0) : null
    }),
  )
}
