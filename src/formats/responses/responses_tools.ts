import { customTool } from '../custom_tool.ts';
import type { Tool } from '../generation_request.ts';
import { isObject, type JsonObject, listOf, objectOf, textOf } from '../json_object.ts';

/** A tool of a request with the name that other formats call it by. */
export interface NamedTool {
  /** Of a tool in a namespace: `namespace__name`. */
  flatName: string;
  /** As a call of it is written: which kind of item, and its name and namespace. */
  kind: 'function' | 'custom' | 'local_shell';
  name: string;
  namespace?: string;
  tool: Tool;
}

/** @returns the name of a tool in a namespace, where there are none */
export function flatToolName(namespace: unknown, name: string): string {
  if (typeof namespace !== 'string' || namespace === '') return name;
  return namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`;
}

/**
 * The tools that the client runs, each as a function. The provider's own are not among them.
 * @param tools of a request for a response
 */
export function namedTools(tools: unknown): readonly NamedTool[] {
  const named: NamedTool[] = [];
  for (const entry of listOf(tools).filter(isObject)) {
    const inner = entry.type === 'namespace' ? listOf(entry.tools).filter(isObject) : [entry];
    const namespace = entry.type === 'namespace' ? textOf(entry.name) : undefined;
    for (const each of inner) {
      const tool = namedTool(each, namespace);
      if (tool) named.push(tool);
    }
  }
  return named;
}

function namedTool(entry: JsonObject, namespace?: string): NamedTool | undefined {
  if (entry.type === 'local_shell') return SHELL;
  const name = textOf(entry.name);
  if (name === '' || (entry.type !== 'function' && entry.type !== 'custom')) return undefined;
  const flatName = flatToolName(namespace, name);
  const tool = entry.type === 'custom' ? customTool({ ...entry, name: flatName }) : functionTool(entry, flatName);
  return { flatName, kind: entry.type, name, ...(namespace === undefined ? {} : { namespace }), tool };
}

function functionTool({ description, parameters, strict }: JsonObject, name: string): Tool {
  return {
    name,
    parameters: objectOf(parameters) ?? { type: 'object', properties: {} },
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
}

/** The name of the function that stands for OpenAI's local shell. Codex takes a call of it as one of the shell. */
export const LOCAL_SHELL = 'local_shell';

const SHELL: NamedTool = {
  flatName: LOCAL_SHELL,
  kind: 'local_shell',
  name: LOCAL_SHELL,
  tool: {
    name: LOCAL_SHELL,
    description: 'Runs a command in a shell on the machine of the user, and returns what it wrote.',
    parameters: {
      type: 'object',
      properties: {
        command: { type: 'array', items: { type: 'string' }, description: 'The program and its arguments.' },
        workdir: { type: 'string', description: 'The directory to run it in.' },
        timeout_ms: { type: 'number', description: 'After how many milliseconds to stop it.' },
      },
      required: ['command'],
    },
  },
};
