import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/formats/json_object.ts';
import { CLAUDE_CODE, CLAUDE_CODE_SMALL, CODEX } from './coding_agents.ts';
import { FORMATS, type FormatName } from './translate.ts';

function written(from: FormatName, body: JsonObject, to: FormatName, model: string) {
  return FORMATS[to].writeRequest(FORMATS[from].readRequest(body), { provider: 'p', model, stream: true });
}
const names = (tools: unknown) =>
  (tools as JsonObject[]).map((tool) => tool.name ?? (tool.function as JsonObject).name);

describe('Claude Code', () => {
  it('works over chat completions', () => {
    const { body, dropped } = written('messages', CLAUDE_CODE, 'chat', 'deepseek-chat');
    expect(dropped).toEqual(['context_management', 'tools.42', 'cache_control', 'metadata.user_id']);
    const { tools, messages, ...rest } = body;
    expect(rest).toEqual({
      model: 'deepseek-chat',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 32_000,
      temperature: 1,
      reasoning_effort: 'high',
    });
    expect(names(tools)).toHaveLength(42);
    expect(messages).toEqual([
      {
        role: 'system',
        content: 'You are Claude Code.\n\nBe concise.',
      },
      {
        role: 'user',
        content: '<system-reminder>\nToday is Saturday.\n</system-reminder>\n\nWhat is in logo.png?',
      },
      {
        role: 'assistant',
        content: 'I look.',
        reasoning_content: 'I read it.',
        tool_calls: [
          { id: 'toolu_1', type: 'function', function: { name: 'Read', arguments: '{"command":"logo.png"}' } },
          { id: 'toolu_2', type: 'function', function: { name: 'Bash', arguments: '{"command":"ls"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'The next message of the user shows it.' },
      { role: 'tool', tool_call_id: 'toolu_2', content: 'Error: ls: not found' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Result of tool call toolu_1:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
        ],
      },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  it('works over responses', () => {
    const { body, dropped } = written('messages', CLAUDE_CODE, 'responses', 'gpt-5.2');
    expect(dropped).toEqual(['context_management', 'tools.42', 'metadata.user_id', 'cache_control']);
    expect(body).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'high', summary: 'auto' },
      max_output_tokens: 32_000,
    });
    expect((body.input as JsonObject[]).map(({ type, role }) => role ?? type)).toEqual([
      'system',
      'user',
      'assistant',
      'function_call',
      'function_call',
      'function_call_output',
      'function_call_output',
      'user',
    ]);
  });

  it('gets its small requests answered', () => {
    const [quota, title] = CLAUDE_CODE_SMALL as [JsonObject, JsonObject];
    expect(written('messages', quota, 'responses', 'gpt-5.2').body).toMatchObject({ max_output_tokens: 16, user: 'u' });
    expect(written('messages', title, 'chat', 'gpt-5.2').body).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true } },
    });
  });
});

describe('Codex', () => {
  const tools = ['exec_command', 'apply_patch', 'local_shell', 'mcp__docs__search'];

  it('works over chat completions', () => {
    const { body, dropped } = written('responses', CODEX, 'chat', 'qwen3-coder');
    expect(dropped).toEqual(['input.13', 'tools.4', 'text.verbosity', 'prompt_cache_key']);
    expect(names(body.tools)).toEqual(tools);
    expect((body.tools as JsonObject[])[1]).toMatchObject({
      function: {
        description: 'Edits files.\n\nThe input must follow this lark grammar:\nstart: begin_patch hunk+ end_patch',
        parameters: { properties: { input: { type: 'string' } }, required: ['input'] },
      },
    });
    expect(body.messages).toMatchObject([
      { role: 'system', content: 'You are Codex, a coding agent.\n\n<permissions>read-only</permissions>' },
      { role: 'user' },
      { role: 'user', content: 'Fix the bug.' },
      {
        role: 'assistant',
        content: 'I look first.',
        tool_calls: [
          { id: 'call_1', function: { name: 'exec_command', arguments: '{"command":"ls"}' } },
          { id: 'call_2', function: { name: 'local_shell', arguments: '{"command":["ls"],"timeout_ms":5}' } },
          { id: 'call_3', function: { name: 'apply_patch', arguments: '{"input":"*** Begin Patch\\n"}' } },
          { id: 'call_4', function: { name: 'mcp__docs__search', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'a.ts' },
      { role: 'tool', tool_call_id: 'call_2' },
      { role: 'tool', tool_call_id: 'call_3', content: 'done' },
      { role: 'tool', tool_call_id: 'call_4', content: 'a picture' },
      { role: 'user', content: [{ type: 'text' }, { type: 'image_url' }] },
    ]);
  });

  it('works over messages, and its prompt is cached there', () => {
    const { body, dropped } = written('responses', CODEX, 'messages', 'claude-opus-4-7');
    expect(dropped).toEqual(['input.13', 'tools.4', 'text.verbosity']);
    expect(names(body.tools)).toEqual(tools);
    expect(body).toMatchObject({
      max_tokens: 8192,
      system: [
        { type: 'text', text: 'You are Codex, a coding agent.' },
        { type: 'text', text: '<permissions>read-only</permissions>', cache_control: { type: 'ephemeral' } },
      ],
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: { effort: 'medium' },
      tool_choice: { type: 'auto' },
    });
    const turns = body.messages as { role: string; content: JsonObject[] }[];
    expect(turns.map(({ role, content }) => [role, ...content.map(({ type }) => type)])).toEqual([
      ['user', 'text', 'text'],
      // Reasoning that OpenAI sealed is of no use to another provider.
      ['assistant', 'text', 'tool_use', 'tool_use', 'tool_use', 'tool_use'],
      ['user', 'tool_result', 'tool_result', 'tool_result', 'tool_result'],
    ]);
    expect(turns[2]?.content[3]).toMatchObject({
      cache_control: { type: 'ephemeral' },
      content: [{}, { type: 'image' }],
    });
  });
});
