// The file opened last stays in this browser, so that reloading its page works; it goes nowhere else.
const [store, key] = ['files', 'latest']

export interface StoredFile {
  name: string
  text: string
}

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('luneta', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(store)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no storage'))
  })
}

function ask<T>(mode: IDBTransactionMode, act: (files: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return database().then((opened) => new Promise<T>((resolve, reject) => {
    const request = act(opened.transaction(store, mode).objectStore(store))
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no storage'))
  }))
}

let latest: StoredFile | null = null

export async function keepFile(file: StoredFile): Promise<void> {
  latest = file
  // Private windows may refuse storage; the file then lasts until the page is left.
  await ask('readwrite', (files) => files.put(file, key)).catch(() => undefined)
}

export async function latestFile(): Promise<StoredFile | null> {
  latest ??= (await ask<StoredFile | undefined>('readonly', (files) => files.get(key)).catch(() => undefined)) ?? null
  return latest
}
