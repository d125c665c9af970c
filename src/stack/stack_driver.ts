import type { Phase } from './phases.ts';
import type { ReloadResult } from './supervisor/reload_instances.ts';
import type { ServiceStatus } from './supervisor/service_spec.ts';
import type { AskPeer } from './usage/read_usage.ts';

/** `partly` is a stack whose start did not finish. */
export type RunState = 'no' | 'partly' | 'yes';

/** One way to run the stack. All methods reject with a sentence for the user. */
export interface StackDriver {
  startPhases(): Phase[];
  runState(): Promise<RunState>;
  /** Empty when nothing runs. */
  status(): Promise<ServiceStatus[]>;
  /** Ends everything; `now` doesn't wait for streams. False when there was nothing to end. */
  stop(now: boolean): Promise<boolean>;
  restart(service: string): Promise<void>;
  /** Every instance reads providers and routes again, while streams run. */
  reload(): Promise<ReloadResult[]>;
  /** Restarts one instance after another without cutting streams: a phase for each. */
  rollingRestart(): Promise<Phase[]>;
  /** Changes the number of instances while streams run, and keeps it among the options; no phase if it is right already. */
  scale(instances: number): Promise<Phase[]>;
  /** The instances' private listeners, whether they answer or not. */
  peers(): Promise<AskPeer[]>;
  /** Shows the last lines of one service's logs or of all, and new ones. Only for drivers without log files. */
  logs?(service: string | undefined, follow: boolean, onLine: (line: string) => void): Promise<void>;
}
