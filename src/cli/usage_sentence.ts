/** What commander says about an option, and what follows the reason. */
const INVALID = /^option '(.+)' argument '(.*)' is invalid\. (.*)$/;
const INVALID_ARGUMENT = /^command-argument value '(.*)' is invalid for argument '(.+)'\. (.*)$/;

const reason = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** Commander's words about a mistake as one sentence that says what to do, in the voice of all other failures. */
export function usageSentence(text: string, command: string): string {
  const words = text
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim()
    .replace(INVALID, (_, flags, value, why) => `${flags} can not be "${value}": ${reason(why)}`)
    .replace(INVALID_ARGUMENT, (_, value, name, why) => `<${name}> can not be "${value}": ${reason(why)}`)
    .replace(/\.$/, '');
  return `${words}; see ${command} --help.`;
}
