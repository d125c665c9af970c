import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { type StreamRequest, streamRequestSchema } from '../../../formats/weir/stream_request.ts';
import { MAX_REQUEST_BYTES } from './log_lifetimes.ts';

const pack = promisify(deflate);
const unpack = promisify(inflate);

/** Below this, making a compressor costs more than the bytes that it saves: 0.2 ms of a stream's opening. */
const PLAIN_CHARS = 4_096;

/** A request as it is kept: JSON, compressed where that pays; empty where it is too large to keep. */
export async function packRequest(request: StreamRequest): Promise<string> {
  const json = JSON.stringify(request);
  if (json.length <= PLAIN_CHARS) return json;
  const packed = await pack(json);
  return packed.length > MAX_REQUEST_BYTES ? '' : packed.toString('base64');
}

/** @param kept what {@link packRequest} gave; base64 never begins as JSON does */
export async function unpackRequest(kept: string): Promise<StreamRequest> {
  const json = kept.startsWith('{') ? kept : (await unpack(Buffer.from(kept, 'base64'))).toString();
  return streamRequestSchema.parse(JSON.parse(json));
}
