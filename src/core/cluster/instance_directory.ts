import type { ClusterView, InstanceView } from '../../formats/cluster/cluster_view.ts';

/** What an instance announces of itself; `peer` is where they, and only they, can reach it until it exits. */
export interface Announcement extends InstanceView {
  peer: string;
}

/** Which instances there are. An instance that stops announcing itself disappears after its time to live. */
export interface InstanceDirectory {
  announce(self: Announcement): Promise<void>;
  /** Living instances, by id; at the least the last announced self. */
  list(): Promise<Announcement[]>;
  withdraw(): Promise<void>;
  status(): ClusterView['redis'];
}
