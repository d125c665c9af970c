import type { EventLog } from '../../../core/observe/event_log.ts';
import type { SlotObserver } from '../../../core/observe/slot_observer.ts';
import type { SlotLimits } from './slot_limits.ts';
import type { SlotScripts } from './slot_scripts.ts';
import type { SlotTiming } from './slot_timing.ts';

/** What a store of slots in Redis is told. */
export interface RedisSlotOptions {
  limits: SlotLimits;
  /** This incarnation of the instance. */
  boot: string;
  /** Without Redis: enforce this instance's share of the limits, or refuse. */
  onFailure: 'static' | 'strict';
  observer: SlotObserver;
  log: EventLog;
  timing?: SlotTiming;
  scripts?: SlotScripts;
}
