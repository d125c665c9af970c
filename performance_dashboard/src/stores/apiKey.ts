/** Where the key is kept: for this tab, until it is closed. */
const KEY_PLACE = 'weir-api-key';

/** The key that the user has typed; null where there is none. */
export function apiKey(): string | null {
  try {
    return window.sessionStorage.getItem(KEY_PLACE);
  } catch {
    return typedKey;
  }
}

/** For browsers whose storage is switched off. */
let typedKey: string | null = null;

export function setApiKey(key: string): void {
  typedKey = key;
  try {
    window.sessionStorage.setItem(KEY_PLACE, key);
  } catch {
    // It is kept in memory then.
  }
}
