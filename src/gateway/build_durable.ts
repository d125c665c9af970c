import { randomBytes } from 'node:crypto';
import { DeadLogs } from '../core/durable/dead_logs.ts';
import type { DurableCore } from '../core/durable/durable_core.ts';
import { type FaultPoint, noFaults } from '../core/durable/fault_point.ts';
import { GroupLog } from '../core/durable/group_log.ts';
import { beginIncarnation } from '../core/durable/incarnation.ts';
import { HouseKeeping } from '../core/durable/keep_house.ts';
import type { LogStore } from '../core/durable/log_store.ts';
import { StoreClock } from '../core/durable/store_clock.ts';
import type { StreamCore } from '../core/stream/stream_exchange.ts';
import { BEAT_MS } from '../formats/timing.ts';
import { peerClient } from './cluster/peer_client.ts';
import { peerServices } from './cluster/peer_services.ts';
import type { GatewayConfig } from './config.ts';
import { logFormats } from './endpoints/log_formats.ts';

const EMPTY_LOOK_MS = 50;

interface DurableParts {
  config: GatewayConfig;
  core: StreamCore;
  store: LogStore;
  incarnation: string;
  newIncarnation: () => string;
  /** Where the other instances reach this one; empty where there is no such place. */
  peer: string;
}

/** Wires what resumable streams need: log, streams, peers, and the housekeeping for both. */
export function buildDurable({ config, core: streamCore, store, incarnation, newIncarnation, peer }: DurableParts) {
  const strict = config.REDIS_FAILURE === 'strict';
  const faults = faultPoint(config.FAULT_POINT);
  const incarnations = new Set([incarnation]);
  let leaving = false;
  const streamLog = new GroupLog({
    store,
    incarnation,
    strict,
    faults,
    onFenced: () => void renew(),
    onLate: (streams) => streamCore.log.warn('0', 'The stream log is late; frames go out unlogged', { streams }),
  });
  const core: DurableCore = {
    ...streamCore,
    instance: config.INSTANCE_ID,
    store,
    streamLog,
    peers: peerClient(config.PEER_SECRET),
    streams: new Map(),
    takingOver: new Map(),
    checkpointMs: config.CHECKPOINT_SECONDS * 1000,
    faults,
    deadLogs: new DeadLogs(store),
    clock: new StoreClock(store),
    strict,
    newToken: () => randomBytes(16).toString('base64url'),
    formats: logFormats({
      weir: config.RESUME_GRACE_SECONDS * 1000,
      others: config.API_RESUME_GRACE_SECONDS * 1000,
    }),
  };
  /** While the streams are brought over, some are found under the old incarnation and some under the new one. */
  const renew = async () => {
    if (leaving) return;
    const old = streamLog.incarnation;
    const next = newIncarnation();
    incarnations.add(next);
    await beginIncarnation(core, next, peer);
    incarnations.delete(old);
  };
  const house = new HouseKeeping(core);
  let timer: NodeJS.Timeout | undefined;
  return {
    core,
    peerServices: peerServices(core, (asked) => incarnations.has(asked)),
    /** Before the first request. Without the store the log begins when it is back. */
    async start(): Promise<void> {
      await Promise.all([store.register(incarnation, peer).catch(() => {}), core.clock.look()]);
      timer = setInterval(() => {
        void house.beat();
        void core.clock.look();
      }, BEAT_MS);
    },
    /** Resolves when no stream is left. */
    async empty(): Promise<void> {
      while (core.streams.size > 0) await new Promise((resolve) => setTimeout(resolve, EMPTY_LOOK_MS));
    },
    /** Lets go of the streams that still run: closed to this instance, open to the others. */
    async handOver(): Promise<void> {
      leaving = true;
      clearInterval(timer);
      streamLog.stop();
      for (const stream of core.streams.values()) stream.leave();
      await store.retire(streamLog.incarnation).catch(() => {});
      // A peer that asks for one of them now gets the answer that this incarnation is gone.
      incarnations.clear();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      if (!leaving && core.streams.size === 0) await store.forget(streamLog.incarnation).catch(() => {});
    },
  };
}

function faultPoint(setting: string | undefined): FaultPoint {
  if (setting === undefined) return noFaults;
  const [name, nth = '1'] = setting.split('@');
  let left = Number(nth);
  return (reached) => {
    if (reached !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
