import { afterEach, beforeEach, vi } from 'vitest';
import { attachStream, openStream } from '../../../packages/client/src/open_stream.ts';
import type { AttachOptions, StreamOptions } from '../../../packages/client/src/stream_options.ts';
import type { StreamEvent } from '../../../src/formats/weir/stream_event.ts';
import { type Answer, ScriptedServer, THREAD, transcript } from './scripted_server.ts';

export const REQUEST = { query: 'hi', model: 'demo', resumable: true };
export const PARTS = ['One ', 'two ', 'thrée ', '😀.'];
export const TEXT = PARTS.join('');
export const FRAMES = transcript(PARTS);

/** The first frames as one text. */
export const first = (frames: number, all = FRAMES) => all.slice(0, frames).join('');

const servers: ScriptedServer[] = [];

/** A server that is closed after the test. */
export async function serve(...answers: Answer[]): Promise<ScriptedServer> {
  const server = await new ScriptedServer(answers).listen();
  servers.push(server);
  return server;
}

/** Opens a resumable stream and collects its events. */
export async function open(server: ScriptedServer, options: Partial<StreamOptions> = {}) {
  const events: StreamEvent[] = [];
  const onEvent = (event: StreamEvent) => events.push(event);
  const result = await openStream(REQUEST, { baseUrl: server.baseUrl, onEvent, ...options });
  return { result, events };
}

export const attach = (server: ScriptedServer, options: Partial<AttachOptions> = {}) =>
  attachStream(THREAD, { baseUrl: server.baseUrl, ...options });

/** For the tests of one file: no jitter, so that retries leave at once, and no server that outlives its test. */
export function useScriptedServers(): void {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    for (const server of servers.splice(0)) server.close();
  });
}
