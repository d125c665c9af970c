import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { token } from './token.ts';

/** Without a key there are no tokens: Weir then knows users by their address. */
const backend = {
  name: 'backend',
  configureServer: ({ middlewares }: { middlewares: { use(path: string, handler: typeof token): void } }) => {
    if (process.env.WEIR_KEY) middlewares.use('/token', token);
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), { ...backend, configurePreviewServer: backend.configureServer }],
});
