import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import type { InlineConfig, Plugin } from 'vite'

const ROOT = fileURLToPath(new URL('.', import.meta.url))

/** What building and developing have in common. */
export const config: InlineConfig = {
  configFile: false,
  root: ROOT,
  logLevel: 'warn',
  plugins: [react(), themeFirst()],
}

/**
 * Puts the script that chooses the theme before everything else in the page, as a file of its own, since the policy of these
 * pages allows no script in line.
 */
function themeFirst(): Plugin {
  const code = readFileSync(new URL('src/theme-first.js', import.meta.url), 'utf8')
  const name = `assets/theme-${createHash('sha256').update(code).digest('base64url').slice(0, 8)}.js`
  let isBuild = false
  return {
    name: 'theme-first',
    configResolved: ({ command }) => {
      isBuild = command === 'build'
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: name, source: code })
    },
    transformIndexHtml: () => [
      {
        tag: 'script',
        attrs: { src: isBuild ? `/${name}` : '/src/theme-first.js' },
        injectTo: 'head-prepend',
      },
    ],
  }
}
