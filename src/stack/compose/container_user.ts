/** An account, by its numbers. */
export interface Account {
  uid: number;
  gid: number;
}

/** `node` in the images. */
const IMAGE_USER: Account = { uid: 1000, gid: 1000 };

/** As whom the containers run that read what `./weir` writes, and to whom those files belong on this machine. */
export interface ContainerUser {
  inside: Account;
  outside: Account;
}

/**
 * The account that runs `./weir`, so that its files need no other reader; in root's stead the images' own, which has no
 * rights. A rootless engine calls whoever runs it root, in containers that have none of root's rights.
 */
export function containerUser(self: Account, isRootless: boolean): ContainerUser {
  if (isRootless) return { inside: { uid: 0, gid: 0 }, outside: self };
  if (self.uid === 0) return { inside: IMAGE_USER, outside: IMAGE_USER };
  return { inside: self, outside: self };
}
