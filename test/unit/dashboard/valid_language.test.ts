import { expect, it } from 'vitest';
import { makeLanguageValid } from '../../../performance_dashboard/src/validLanguage.ts';

class Browser {
  readonly #language: string;
  constructor(language: string) {
    this.#language = language;
  }
  /** Of the prototype, as in browsers. */
  get language(): string {
    return this.#language;
  }
}

it.each([
  ['en-US@posix', 'en'],
  ['C', 'en'],
  ['', 'en'],
  ['de-CH', 'de-CH'],
])('the language %j of a browser is used as %j', (language, used) => {
  const browser = new Browser(language);
  makeLanguageValid(browser);
  expect(browser.language).toBe(used);
  expect(() => new Intl.NumberFormat(browser.language)).not.toThrow();
});

const sources = import.meta.glob<string>(
  [
    '../../../performance_dashboard/src/**/*.{ts,tsx}',
    '../../../src/{formats,load}/**/*.ts',
    '../../../packages/client/src/*.ts',
  ],
  { query: '?raw', import: 'default', eager: true },
);

it('is made valid before any library of the page is loaded', () => {
  const page = sources['../../../performance_dashboard/src/main.tsx'] ?? '';
  expect(/^import .*$/m.exec(page)?.[0]).toBe("import './validLanguage.ts';");
});

it('is asked for nowhere else: every locale of page and reports stands in one file', () => {
  const unnamed = /toLocale|localeCompare|new Intl\.\w+\((?!LOCALE|TIME_LOCALE)/;
  const others = Object.entries(sources).filter(([, text]) => unnamed.test(text));
  expect(others.map(([file]) => file)).toEqual([]);
  expect(Object.keys(sources).length).toBeGreaterThan(50);
});
