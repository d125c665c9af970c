import { parseArgs } from 'node:util';
import { survive } from '../support/fault_scene.ts';

/**
 * Every place at which an instance may die, with one of two, two of three, and all instances dying there, and streams
 * of one seed after another. One line for each scene; exit code 1 when a stream was not whole or something was left.
 */
const { values } = parseArgs({ options: { seeds: { type: 'string', default: '3' } } });
const seeds = Number(values.seeds);
if (!(seeds > 0)) {
  process.stderr.write('soak:faults: --seeds wants a number above zero\n');
  process.exit(2);
}

/** Those that come by only where another one has died before have a victim. Checkpoints come every two seconds. */
const PLACES = [
  { name: 'before_commit@9', tokens: 110, needsVictim: false },
  { name: 'after_commit@9', tokens: 110, needsVictim: false },
  { name: 'before_wire@9', tokens: 110, needsVictim: false },
  { name: 'in_finish@1', tokens: 110, needsVictim: false },
  { name: 'in_checkpoint@1', tokens: 250, needsVictim: false },
  { name: 'after_seal@1', tokens: 110, needsVictim: true },
  { name: 'after_adopt@1', tokens: 110, needsVictim: true },
];
const DEATHS = [
  { dying: 1, instances: 2, restartMs: 300 },
  { dying: 2, instances: 3, restartMs: 300 },
  { dying: 2, instances: 2, restartMs: 2_000 },
];

let failures = 0;
for (let seed = 1; seed <= seeds; seed += 1) {
  for (const { name, tokens, needsVictim } of PLACES) {
    for (const { dying, instances, restartMs } of DEATHS) {
      const victim = needsVictim ? { victim: instances - 1 } : {};
      const faulty = needsVictim ? instances - 1 : dying;
      const faults = Array.from({ length: instances }, (_, at) => (at < faulty ? name : undefined));
      const scene = `seed ${seed}, ${name}, ${dying} of ${instances}`;
      try {
        const deaths = await survive({ faults, restartMs, seeds: [seed * 10, seed * 10 + 1], tokens, ...victim });
        const least = needsVictim ? 2 : dying;
        if (deaths < least) throw new Error(`${deaths} deaths, and not ${least}`);
        process.stdout.write(`${scene}: whole, ${deaths} deaths\n`);
      } catch (error) {
        failures += 1;
        process.stderr.write(`${scene}: ${String(error)}\n`);
      }
    }
  }
}
process.stdout.write(failures === 0 ? 'nothing was lost\n' : `${failures} scenes failed\n`);
process.exit(failures === 0 ? 0 : 1);
