/** In sessionStorage: for this tab, until it is closed. */
const KEY_PLACE = 'weir-api-key';

/** The key that the user entered; null if there is none. */
export function apiKey(): string | null {
  try {
    return window.sessionStorage.getItem(KEY_PLACE);
  } catch {
    return typedKey;
  }
}

/** For browsers with storage switched off. */
let typedKey: string | null = null;

export function setApiKey(key: string): void {
  typedKey = key;
  try {
    window.sessionStorage.setItem(KEY_PLACE, key);
  } catch {
    // `typedKey` keeps it.
  }
}
