import path from 'node:path';
import { buildDashboard } from '../../src/stack/native/build_dashboard.ts';

/** The page as it is in the sources, before the first test: two starts that build it at once would be in each other's way. */
export default async function buildPage(): Promise<void> {
  const said = await buildDashboard(path.resolve(import.meta.dirname, '../..'), undefined);
  if (said !== undefined && said !== 'built') throw new Error(said);
}
