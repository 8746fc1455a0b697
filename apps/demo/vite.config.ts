import { defineConfig } from 'vite';
import { formerAddress } from './former-address.js';

export default defineConfig({
  // Relative, so that the built demo can be served from any folder.
  base: './',
  plugins: [formerAddress()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { target: 'es2020', sourcemap: true },
});
