/** What the services need to know beside the options; kept in the plan, for instances that are added later. */
export interface ServiceSettings {
  nginx: string;
  /** Starts NGINX so that it notices clients that vanish; undefined where there is none that can. */
  perl: string | undefined;
  /** Undefined with a Redis of the user's own. */
  redis: string | undefined;
  /** Ports of the nodes of the stack's own Redis Cluster; undefined without one. */
  redisPorts: number[] | undefined;
  /** How long an instance lets its streams finish, in seconds. */
  drainSeconds: number;
  /** Origins whose pages may read the API; undefined means the dashboard's. */
  corsOrigins: string[] | undefined;
  /** File with the instances' providers and routes. */
  configFile: string | undefined;
  /** For the console's doctor: like PATH, the account (0 for root), and its folder with the browsers' profiles. */
  searchPath: string;
  uid: number;
  home: string | undefined;
}
