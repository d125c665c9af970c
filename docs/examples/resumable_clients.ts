import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { resumableFetch } from 'weir-client';

// Where their address is Weir's, streamed answers survive the connection and the instance; the rest is as before.
export const openai = new OpenAI({ baseURL: 'https://localhost/v1', apiKey: 'any', fetch: resumableFetch() });
export const anthropic = new Anthropic({ baseURL: 'https://localhost', apiKey: 'any', fetch: resumableFetch() });

const messages = [{ role: 'user' as const, content: 'Hi' }];
const stream = await openai.chat.completions.create({ model: 'fake/demo', messages, stream: true });
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
