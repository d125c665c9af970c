import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/** For `--import`: appends the address of every module that the process loads to the file named by MODULES_FILE. */
const file = process.env.MODULES_FILE as string;
registerHooks({
  load(url, context, next) {
    appendFileSync(file, `${url}\n`);
    return next(url, context);
  },
});
