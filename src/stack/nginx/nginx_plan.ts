/** All values in which one nginx.conf differs from another; paths are absolute. */
export interface NginxPlan {
  /** Decides only the comments at the top. */
  driver: 'native' | 'compose';
  /** NGINX's version, such as `1.22.1`. */
  version: string;
  /** Account of the workers; undefined where NGINX isn't started as root or its image decides. */
  user: { name: string; group: string } | undefined;
  pidFile: string;
  /** A file, or `stderr`. */
  errorLog: string;
  /** A file that takes one JSON object a line. */
  accessLog: string;
  /** Folder for bodies that don't fit into memory; undefined means NGINX's built-in one. */
  tempFolder: string | undefined;
  mimeTypes: string | undefined;
  /** Connections of one worker, two per stream, and the file limit that they need. */
  workerConnections: number;
  fileLimit: number;
  /** What `listen` gets, without its options: `127.0.0.1:443`, `[::1]:443`. */
  httpListen: string[];
  httpsListen: string[];
  /** The HTTPS port as clients see it. */
  httpsPort: number;
  certificate: string;
  certificateKey: string;
  /** Addresses of the instances: `unix:/run/…/app-1.sock` or `app-1:8000`. */
  instances: string[];
  /** Instances that get no new requests at the moment, because they are being restarted. */
  down: string[];
  /** Shown at /nginx-health, so that the supervisor sees which configuration answers after a reload; undefined: not shown. */
  generation: number | undefined;
  /** Address of the dashboard's server. */
  console: string;
  /** Origins that may read NGINX's own errors; the same list as the instances'. */
  corsOrigins: string[];
}
