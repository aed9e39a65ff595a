// Parts that many visits do without come when they are needed, each in a chunk of its own.
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Skeleton } from '../../../components/Notice'

export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null
  return function Lazy(props: Props) {
    const [, redraw] = useState(0)
    const [fault, setFault] = useState('')
    useEffect(() => {
      if (loaded) return
      load().then(
        (component) => {
          loaded = component
          redraw((tick) => tick + 1)
        },
        (cause: unknown) => setFault(String(cause)),
      )
    }, [])
    if (fault) return <Failed fault={{ kind: 'network', message: fault }} retry={() => location.reload()} />
    if (!loaded) return <Skeleton height={60} />
    const Loaded = loaded
    return <Loaded {...props} />
  }
}
