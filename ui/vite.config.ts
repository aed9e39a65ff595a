import { defineConfig } from 'vite'

// Relative asset addresses resolve against the <base> tag of index.html, so
// the same files work under the origin root and under a prefix.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(['/api', '/tempo'].map((path) => [path, process.env['LUNETA_URL'] ?? 'http://127.0.0.1:4319'])),
  },
})
