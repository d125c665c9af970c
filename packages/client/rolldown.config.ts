import { defineConfig } from 'rolldown';

// One module: the parts of src/formats that the client needs are inside.
export default defineConfig({
  input: 'src/weir_client.ts',
  platform: 'neutral',
  transform: { target: 'es2022' },
  output: { dir: 'dist', format: 'es', cleanDir: true, minify: true, sourcemap: true },
});
