/** Where a server is, in the parts that a request names: taken apart once, and not with each request. */
export interface ServerBase {
  /** Scheme, host and port. */
  origin: string;
  /** What its paths begin with; no slash at the end. */
  prefix: string;
}

/** @param baseUrl with the version, for example `https://api.openai.com/v1` @throws TypeError for what is no URL */
export function serverBase(baseUrl: string): ServerBase {
  const { origin, pathname } = new URL(baseUrl);
  return { origin, prefix: pathname.replace(/\/+$/, '') };
}
