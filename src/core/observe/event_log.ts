/** Fields of a line; never prompts, answers or keys. */
export type LogFields = Record<string, unknown>;

/** One line an event, under the stage it belongs to (`CP.1`, `5.2` …). */
export interface EventLog {
  debug(stage: string, event: string, fields?: LogFields): void;
  info(stage: string, event: string, fields?: LogFields): void;
  warn(stage: string, event: string, fields?: LogFields): void;
  error(stage: string, event: string, fields?: LogFields): void;
}
