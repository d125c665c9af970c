/** Places where a death would hurt most; tests make the process die there. */
export type FaultName =
  | 'before_commit'
  | 'after_commit'
  | 'before_wire'
  | 'in_finish'
  | 'after_seal'
  | 'after_adopt'
  | 'in_checkpoint';

/** Called at each of those places. */
export type FaultPoint = (name: FaultName) => void;

export const noFaults: FaultPoint = () => {};
