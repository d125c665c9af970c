import { defineConfig } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

// One module and one declaration file: the parts of src/formats that the client needs are inside.
export default defineConfig({
  input: 'src/weir_client.ts',
  platform: 'neutral',
  transform: { target: 'es2022' },
  plugins: [dts({ generator: 'tsgo' })],
  output: { dir: 'dist', format: 'es', cleanDir: true, minify: true, sourcemap: true },
});
