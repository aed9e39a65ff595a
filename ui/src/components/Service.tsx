import { serviceVariable } from './palette'
import { Value } from './Value'

export function ServiceDot({ name }: { name: string }) {
  return <i style={{ background: serviceVariable(name) }} />
}

export function ServiceName({ name, plain = false, tabIndex }: { name: string; plain?: boolean; tabIndex?: number }) {
  const content = (
    <span class="service">
      <ServiceDot name={name} />
      <span class="cut">{name}</span>
    </span>
  )
  if (plain) return content
  return (
    <Value field="service" value={name} {...(tabIndex === undefined ? {} : { tabIndex })}>
      {content}
    </Value>
  )
}
