import type { JsonObject } from '../../../../src/formats/json_object.ts';

const ephemeral = { type: 'ephemeral' };
const bash = {
  type: 'object',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  properties: {
    command: { type: 'string', description: 'The command' },
    timeout: { type: 'number', maximum: 600_000 },
    run_in_background: { type: 'boolean' },
  },
  required: ['command'],
  additionalProperties: false,
};
const LONG = 'Executes a given command in a shell. '.repeat(400);

/** The shape of a request of Claude Code in the middle of its work: thinking, cache control, many tools, an image. */
export const CLAUDE_CODE: JsonObject = {
  model: 'claude-opus-4-7',
  max_tokens: 32_000,
  stream: true,
  temperature: 1,
  metadata: { user_id: `user_${'a'.repeat(64)}_account__session_0c7d2f54-3f4e-4b0e-9b8e-1f2a3b4c5d6e` },
  thinking: { type: 'enabled', budget_tokens: 31_999 },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.100; cc_entrypoint=cli; cch=00000;' },
    { type: 'text', text: 'You are Claude Code.', cache_control: ephemeral },
    { type: 'text', text: 'Be concise.', cache_control: { type: 'ephemeral', ttl: '1h' } },
  ],
  tools: [
    ...Array.from({ length: 40 }, (_, index) => ({
      name: `mcp__server__tool_${index}`,
      description: LONG,
      input_schema: bash,
    })),
    { name: 'Bash', description: LONG, input_schema: bash, eager_input_streaming: true },
    { name: 'Read', description: 'Reads a file', input_schema: bash, defer_loading: true, cache_control: ephemeral },
    { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: '<system-reminder>\nToday is Saturday.\n</system-reminder>' },
        { type: 'text', text: 'What is in logo.png?' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'I read it.', signature: '' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { command: 'logo.png' } },
        { type: 'tool_use', id: 'toolu_2', name: 'Bash', input: { command: 'ls' } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } }],
        },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: 'ls: not found', is_error: true },
        { type: 'text', text: 'Go on.', cache_control: ephemeral },
      ],
    },
  ],
};

/** The request with which Claude Code asks for a title, and the one that tries whether the server answers. */
export const CLAUDE_CODE_SMALL: JsonObject[] = [
  {
    model: 'claude-haiku-4-5-20251001',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'quota' }],
    metadata: { user_id: 'u' },
  },
  {
    model: 'claude-haiku-4-5-20251001',
    max_tokens: 32_000,
    stream: true,
    temperature: 1,
    system: [{ type: 'text', text: 'Give a title.' }],
    tools: [],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    output_config: {
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { title: { type: 'string' } },
          required: ['title'],
          additionalProperties: false,
        },
      },
    },
  },
];

/** The shape of a request of Codex in the middle of its work: custom tools, a shell, reasoning that it can't read. */
export const CODEX: JsonObject = {
  model: 'gpt-5.2-codex',
  instructions: 'You are Codex, a coding agent.',
  stream: true,
  store: false,
  include: ['reasoning.encrypted_content'],
  prompt_cache_key: '0199a213-81c0-7800-8aa1-bbab2a035a53',
  parallel_tool_calls: true,
  tool_choice: 'auto',
  reasoning: { effort: 'medium', summary: 'auto' },
  text: { verbosity: 'low' },
  client_metadata: { 'x-codex-installation-id': 'i' },
  tools: [
    { type: 'function', name: 'exec_command', description: 'Runs a command.', strict: false, parameters: bash },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch hunk+ end_patch' },
    },
    { type: 'local_shell' },
    {
      type: 'namespace',
      name: 'mcp__docs__',
      description: 'Documentation',
      tools: [{ type: 'function', name: 'search', description: 'Searches.', parameters: bash, strict: false }],
    },
    { type: 'web_search', external_web_access: false },
  ],
  input: [
    {
      type: 'message',
      role: 'developer',
      content: [{ type: 'input_text', text: '<permissions>read-only</permissions>' }],
    },
    {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: '<environment_context></environment_context>' }],
    },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix the bug.' }] },
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'I look.' }],
      content: null,
      encrypted_content: 'gAAA',
    },
    {
      type: 'message',
      role: 'assistant',
      phase: 'commentary',
      content: [{ type: 'output_text', text: 'I look first.' }],
    },
    { type: 'function_call', call_id: 'call_1', name: 'exec_command', arguments: '{"command":"ls"}' },
    {
      type: 'local_shell_call',
      call_id: 'call_2',
      status: 'completed',
      action: { type: 'exec', command: ['ls'], timeout_ms: 5 },
    },
    {
      type: 'custom_tool_call',
      call_id: 'call_3',
      status: 'completed',
      name: 'apply_patch',
      input: '*** Begin Patch\n',
    },
    { type: 'function_call', call_id: 'call_4', namespace: 'mcp__docs__', name: 'search', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'a.ts' },
    { type: 'function_call_output', call_id: 'call_2', output: 'a.ts' },
    { type: 'custom_tool_call_output', call_id: 'call_3', output: 'done' },
    {
      type: 'function_call_output',
      call_id: 'call_4',
      output: [
        { type: 'input_text', text: 'a picture' },
        { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0=' },
      ],
    },
    { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } },
  ],
};
