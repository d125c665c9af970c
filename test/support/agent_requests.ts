import type { JsonObject } from '../../src/formats/json_object.ts';

/** A request as a coding agent sends it: its fields, headers and sizes, with words of our own. */
export interface AgentRequest {
  path: string;
  headers: Record<string, string>;
  body: JsonObject;
}

/** As long as the agents' own texts are. */
const prose = (about: string, length: number) =>
  `${about}. `.repeat(Math.ceil(length / (about.length + 2))).slice(0, length);

const strings = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { type: 'string' }]));

const CLAUDE_TOOLS: Record<string, JsonObject> = {
  Agent: strings('description', 'prompt', 'subagent_type', 'model'),
  Bash: { ...strings('command', 'description'), timeout: { type: 'number' }, run_in_background: { type: 'boolean' } },
  Edit: { ...strings('file_path', 'old_string', 'new_string'), replace_all: { type: 'boolean', default: false } },
  ExitPlanMode: { allowedPrompts: { type: 'array', items: { type: 'object', properties: strings('tool', 'prompt') } } },
  Glob: strings('pattern', 'path'),
  Grep: { ...strings('pattern', 'path', 'glob', 'type'), '-n': { type: 'boolean' }, head_limit: { type: 'number' } },
  NotebookEdit: {
    ...strings('notebook_path', 'new_source'),
    cell_type: { type: 'string', enum: ['code', 'markdown'] },
  },
  Read: {
    ...strings('file_path'),
    offset: { type: 'integer', minimum: 0 },
    limit: { type: 'integer', exclusiveMinimum: 0 },
  },
  Skill: strings('skill', 'args'),
  TodoWrite: {
    todos: { type: 'array', items: { type: 'object', properties: strings('content', 'status', 'activeForm') } },
  },
  WebFetch: { url: { type: 'string', format: 'uri' }, prompt: { type: 'string' } },
  Write: strings('file_path', 'content'),
  mcp__github__create_issue: strings('owner', 'repo', 'title', 'body'),
};

const CLAUDE_CACHE = { type: 'ephemeral', ttl: '1h' };

/** Claude Code, in the middle of a task: it has thought, called two tools and read their results. */
export function claudeCodeRequest(
  model: string,
  thinking: { text: string; signature: string } | undefined,
): AgentRequest {
  const user = [
    {
      type: 'text',
      text: `<system-reminder>\n${prose('As you answer, you can use this context', 3000)}\n</system-reminder>`,
    },
    { type: 'text', text: 'What is in the picture, and does the test pass?', cache_control: CLAUDE_CACHE },
  ];
  const assistant = [
    ...(thinking ? [{ type: 'thinking', thinking: thinking.text, signature: thinking.signature }] : []),
    { type: 'text', text: 'I look at both.' },
    { type: 'tool_use', id: 'toolu_01Read', name: 'Read', input: { file_path: '/tmp/a.png' } },
    { type: 'tool_use', id: 'toolu_01Bash', name: 'Bash', input: { command: 'npm test', timeout: 120000 } },
  ];
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
  const results = [
    { type: 'tool_result', tool_use_id: 'toolu_01Read', content: [image] },
    { type: 'tool_result', tool_use_id: 'toolu_01Bash', content: 'Exit code 1\n1 failed', is_error: true },
    {
      type: 'text',
      text: '<system-reminder>\nKeep the list of todos.\n</system-reminder>',
      cache_control: CLAUDE_CACHE,
    },
  ];
  return {
    path: '/v1/messages?beta=true',
    headers: {
      ...CLAUDE_HEADERS,
      'anthropic-beta':
        'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,prompt-caching-scope-2026-01-05,effort-2025-11-24,extended-cache-ttl-2025-04-11',
    },
    body: {
      model,
      messages: [
        { role: 'user', content: user },
        { role: 'assistant', content: assistant },
        { role: 'user', content: results },
        { role: 'system', content: '# Environment\n - Platform: linux' },
      ],
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.293; cc_entrypoint=cli;' },
        { type: 'text', text: 'You are a coding agent.', cache_control: CLAUDE_CACHE },
        { type: 'text', text: prose('Help with software engineering tasks', 14_000), cache_control: CLAUDE_CACHE },
      ],
      tools: [
        ...Object.entries(CLAUDE_TOOLS).map(([name, properties]) => ({
          name,
          description: prose(`${name} does what its name says`, name === 'Bash' ? 9000 : 2500),
          input_schema: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties,
            required: Object.keys(properties).slice(0, 1),
            additionalProperties: false,
          },
        })),
        {
          name: 'DeferredToolPlaceholder',
          description: 'Loaded later.',
          input_schema: { type: 'object' },
          defer_loading: true,
        },
      ],
      metadata: { user_id: '{"device_id":"0f","account_uuid":"","session_id":"5d1ad8f6-8fd3-4d2b-9d9f-c1b8f1d1a111"}' },
      max_tokens: 32_000,
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      stream: true,
    },
  };
}

const CLAUDE_HEADERS = {
  accept: 'application/json',
  'user-agent': 'claude-cli/2.1.293 (external, cli)',
  'x-app': 'cli',
  'x-api-key': 'sk-of-the-client',
  'anthropic-version': '2023-06-01',
  'anthropic-dangerous-direct-browser-access': 'true',
  'x-claude-code-session-id': '5d1ad8f6-8fd3-4d2b-9d9f-c1b8f1d1a111',
  'x-stainless-lang': 'js',
  'x-stainless-package-version': '0.94.0',
  'x-stainless-os': 'Linux',
  'x-stainless-arch': 'x64',
  'x-stainless-runtime': 'node',
  'x-stainless-runtime-version': 'v24.3.0',
  'x-stainless-helper-method': 'stream',
  'x-stainless-retry-count': '0',
  'x-stainless-timeout': '600',
};

/** What Claude Code asks beside its conversation: whether the key works, and a title for the session. */
export function claudeCodeSmallRequests(model: string): AgentRequest[] {
  const metadata = { user_id: '{"device_id":"0f"}' };
  const title = {
    type: 'json_schema',
    schema: { type: 'object', properties: strings('title'), required: ['title'], additionalProperties: false },
  };
  return [
    { model, max_tokens: 1, messages: [{ role: 'user', content: 'quota' }], metadata },
    {
      model,
      max_tokens: 32_000,
      stream: true,
      system: [{ type: 'text', text: 'Name this session in a few words.' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Fix the test.' }] }],
      tools: [],
      metadata,
      output_config: { effort: 'medium', format: title },
    },
  ].map((body) => ({ path: '/v1/messages?beta=true', headers: CLAUDE_HEADERS, body }));
}

/** What Claude Code has counted. */
export function claudeCodeCount(model: string): AgentRequest {
  const { headers, body } = claudeCodeRequest(model, undefined);
  return {
    path: '/v1/messages/count_tokens?beta=true',
    headers,
    body: { model, messages: body.messages, tools: body.tools },
  };
}

const CODEX_FUNCTIONS: Record<string, JsonObject> = {
  exec_command: { ...strings('cmd', 'workdir', 'shell'), yield_time_ms: { type: 'number' }, tty: { type: 'boolean' } },
  write_stdin: { session_id: { type: 'number' }, chars: { type: 'string' } },
  update_plan: {
    explanation: { type: 'string' },
    plan: { type: 'array', items: { type: 'object', properties: strings('step', 'status') } },
  },
  view_image: strings('path'),
};

/** Codex, in the middle of a task: it has run a command and patched a file. */
export function codexRequest(model: string, reasoning: JsonObject | undefined): AgentRequest {
  const patch = '*** Begin Patch\n*** Update File: a.ts\n@@\n-1\n+"2"\n*** End Patch\n';
  const said = (role: string, text: string) => ({ type: 'message', role, content: [{ type: 'input_text', text }] });
  return {
    path: '/v1/responses',
    headers: {
      accept: 'text/event-stream',
      authorization: 'Bearer sk-of-the-client',
      'user-agent': 'codex_cli_rs/0.155.1 (Debian 13; x86_64) xterm',
      originator: 'codex_cli_rs',
      version: '0.155.1',
      'session-id': '019b2889-d0f2-7713-8046-20bdf342d5d7',
      'thread-id': '019b2889-d0f2-7713-8046-20bdf342d5d7',
      'x-codex-turn-metadata': '{"sandbox":"seccomp"}',
      'openai-beta': 'responses=experimental',
    },
    body: {
      model,
      instructions: prose('You are a coding agent that runs in a terminal', 20_000),
      input: [
        said('developer', '<permissions instructions>Ask before you leave the folder.</permissions instructions>'),
        said('user', '<environment_context>\n  <cwd>/work</cwd>\n</environment_context>'),
        said('user', 'Does the test pass?'),
        ...(reasoning ? [reasoning] : []),
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'I run it.' }],
          phase: 'commentary',
        },
        { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"npm test"}', call_id: 'call_exec' },
        { type: 'custom_tool_call', status: 'completed', call_id: 'call_patch', name: 'apply_patch', input: patch },
        { type: 'function_call_output', call_id: 'call_exec', output: 'Exit code: 1\nOutput:\n1 failed' },
        {
          type: 'custom_tool_call_output',
          call_id: 'call_patch',
          output: 'Success. Updated the following files:\nM a.ts',
        },
      ],
      tools: [
        ...Object.entries(CODEX_FUNCTIONS).map(([name, properties]) => ({
          type: 'function',
          name,
          description: prose(`${name} does what its name says`, 800),
          strict: false,
          parameters: {
            type: 'object',
            properties,
            required: Object.keys(properties).slice(0, 1),
            additionalProperties: false,
          },
        })),
        {
          type: 'custom',
          name: 'apply_patch',
          description: 'Edits files. This is a FREEFORM tool: no JSON around the patch.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch hunk+ end_patch' },
        },
        {
          type: 'namespace',
          name: 'multi_agent_v1',
          description: 'Starts other agents.',
          tools: [
            {
              type: 'function',
              name: 'spawn_agent',
              description: 'Starts one.',
              strict: false,
              parameters: { type: 'object', properties: strings('message'), required: ['message'] },
            },
          ],
        },
        { type: 'web_search', external_web_access: true },
      ],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'medium', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '019b2889-d0f2-7713-8046-20bdf342d5d7',
      text: { verbosity: 'low' },
      client_metadata: { 'x-codex-installation-id': '8f6d' },
    },
  };
}
