// The <base> tag says where Luneta lives: "/" by default, "/prefix/" behind a proxy.
export const baseUrl = new URL('.', document.baseURI)
export const basePath = baseUrl.pathname.replace(/\/$/, '')

export function resolve(path: string): string {
  return new URL(path.replace(/^\//, ''), baseUrl).href
}
