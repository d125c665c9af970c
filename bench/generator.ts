import { parseArgs } from 'node:util';
import { generatorTable } from './generator_table.ts';

/** The load generator's own rows of `npm run bench`, alone. */
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, runs: { type: 'string', default: '3' } },
});
process.stdout.write(`${await generatorTable(Number(values.runs), Number(values.seconds))}\n`);
