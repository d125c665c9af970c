/**
 * Times that depend on each other, in milliseconds, in one place. Each comment says which other time a value has to stay
 * below or above; `test/unit/formats/timing.test.ts` checks the order. Programs of different versions run side by side
 * during a rolling restart, so a change must also fit the values of the version before.
 */

// 1. Silence on a stream. The instance breaks it with heartbeats. Everything that takes silence for a fault waits for
//    more than two heartbeats: one may be late.

/** An instance sends a heartbeat after this much silence. */
export const HEARTBEAT_MS = 10_000;
/** The client library gives up a connection of a resumable stream after this silence. Before NGINX does, so that it learns why. */
export const CLIENT_SILENCE_MS = 25_000;
/** NGINX cuts a stream whose instance is silent for this long (`proxy_read_timeout`). */
export const NGINX_STREAM_SILENCE_MS = 35_000;
/** An instance that reads a stream from another instance gives up after this silence. */
export const PEER_SILENCE_MS = 35_000;

// 2. Clients that do not read. NGINX and instances use the same limit, so that it does not matter which of them notices.

/** A client that reads nothing for this long, while bytes wait for it, is cut. `TCP_USER_TIMEOUT` of NGINX's sockets is the same. */
export const SLOW_CLIENT_MS = 30_000;

// 3. Requests that do not arrive. NGINX limits the pause between two reads, the instance the whole request.

/** NGINX: longest pause inside a request's head or body. */
export const NGINX_REQUEST_PAUSE_MS = 15_000;
/** An instance: time for a whole request. Longer than NGINX's pause. */
export const REQUEST_MS = 30_000;

// 4. Idle connections between NGINX and the instances. NGINX must close first: otherwise it sends a request into a
//    connection that the instance is closing.

/** NGINX closes an idle connection to an instance after this. */
export const NGINX_IDLE_MS = 60_000;
/** An instance closes an idle connection after this. Longer than NGINX. */
export const IDLE_MS = 65_000;

// 5. Silence of a provider. Shorter than NGINX's limit for the endpoint, so that the client gets an error from the
//    instance and not a cut connection from NGINX. Streams have heartbeats meanwhile, whole answers do not.

/** On `/api/v1/stream`: for the head, and between two reads. */
export const PROVIDER_SILENCE_MS = 60_000;
/** On `/v1/*`, for streamed answers. */
export const PROVIDER_STREAM_SILENCE_MS = 180_000;
/** On `/v1/*`, for whole answers. */
export const PROVIDER_WHOLE_SILENCE_MS = 290_000;
/** NGINX's limit where no heartbeats are sent (`/v1/*` and the rest of the API). */
export const NGINX_API_SILENCE_MS = 300_000;

// 6. Redis, and who is alive. A lease outlives two failed renewals, and a renewal outlives a few slow commands.

/** No request waits longer than this for one command. */
export const REDIS_COMMAND_MS = 100;
/** Resumable streams wait for Redis this long in all, before they go on without it. */
export const REDIS_WAIT_MS = 1_000;
/** The log of an instance is renewed this often. */
export const BEAT_MS = 2_000;
/** After this time without a renewal an instance counts as dead, and its streams are taken over. */
export const LEASE_MS = 6_000;
/** A client that waits for a takeover waits this long. Longer than two leases. */
export const TAKEOVER_WAIT_MS = 15_000;
/** The client library starts no further try this long after the last byte. Longer than a takeover. */
export const CLIENT_GIVE_UP_MS = 60_000;
/** Slots of streams are renewed this often. */
export const SLOT_RENEWAL_MS = 2_000;
/** A slot whose process died is free after this. */
export const SLOT_LEASE_MS = 6_000;
/** An instance announces itself this often when nothing changes. */
export const ANNOUNCE_MS = 1_000;
/** An instance that does not announce itself leaves the cluster view after this. */
export const ANNOUNCED_MS = 4_000;

// 7. Life of a resumable stream. What is kept in Redis outlives the stream itself.

/** Longest life of a stream. */
export const STREAM_LIFE_MS = 15 * 60_000;
/** Longest life of a response that runs in the background. */
export const BACKGROUND_LIFE_MS = 60 * 60_000;
/** Keys of a running stream live this long in Redis. Longer than the stream: they are gone after a dead deployment. */
export const RUNNING_KEYS_MS = 20 * 60_000;
/** The same of a response in the background. */
export const BACKGROUND_KEYS_MS = 65 * 60_000;
/** A finished stream can be read for this long; for less when Redis has little memory left. */
export const RETENTION_MS = 5 * 60_000;
/** But at least for this long. */
export const MIN_RETENTION_MS = 60_000;
/** A response that ran in the background can be read for this long, however full Redis is. */
export const BACKGROUND_RETENTION_MS = 10 * 60_000;
/** NGINX's old workers keep streams for this long after a reload (`worker_shutdown_timeout`). Longer than any stream but those in the background. */
export const NGINX_OLD_WORKERS_MS = 60 * 60_000;
