import type { PageConfig } from '../pageConfig.ts';
import type { ClusterState } from '../stores/clusterStore.ts';

/** What every screen is given. */
export interface ScreenProps {
  config: PageConfig;
  cluster: ClusterState;
  theme: 'light' | 'dark';
}
