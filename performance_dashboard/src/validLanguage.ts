import { LOCALE } from './api.ts';

/**
 * A browser can have a language that is no valid tag, such as `en-US@posix`. Libraries pass it to Intl, which throws, when
 * they are loaded: so it is replaced before that.
 */
export function makeLanguageValid(browser: { readonly language: string }): void {
  try {
    Intl.getCanonicalLocales(browser.language);
  } catch {
    Object.defineProperty(browser, 'language', { value: LOCALE, configurable: true });
  }
}

makeLanguageValid(navigator);
