// Names of services may hold slashes and per cent signs, so they are read from the raw address.
const prefix = '/services/'

export const servicePath = (name: string): string => prefix + encodeURIComponent(name)

export function serviceOf(path: string): string {
  const written = path.startsWith(prefix) ? path.slice(prefix.length) : ''
  try {
    return decodeURIComponent(written)
  } catch {
    return written
  }
}
