import { DEFAULTS, type LoadSettings, settingsFromQuery, settingsToQuery } from '../view/settings.ts';
import { Store } from './store.ts';

const queryOf = (hash: string) => hash.split('?', 2)[1] ?? '';

/** The settings of the load tester, kept in the address. */
class SettingsStore extends Store<LoadSettings> {
  constructor() {
    super(settingsFromQuery(queryOf(window.location.hash)));
    window.addEventListener('hashchange', () => {
      const query = queryOf(window.location.hash);
      if (query) this.set(settingsFromQuery(query, DEFAULTS));
    });
  }

  change(change: Partial<LoadSettings>): void {
    this.set({ ...this.get(), ...change });
    this.show();
  }

  /** Writes the settings into the address without a new history entry. */
  show(): void {
    const [route = ''] = window.location.hash.split('?', 1);
    const query = settingsToQuery(this.get());
    window.history.replaceState(null, '', `${route || '#/load'}${query && `?${query}`}`);
  }
}

export const settingsStore = new SettingsStore();
