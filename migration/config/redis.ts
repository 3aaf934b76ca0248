/** The config section `redis`: who the engines are to the shards, and whom they take for a shard. */
import { z } from "zod";
import { certificates, section, text } from "./values";

export const redis = section({
  username: z.exactOptional(text(/^[\w.-]+$/, "the name of an ACL user: letters, digits, _, - and .")),
  caCertificate: z.exactOptional(certificates),
  clientCertificate: z.exactOptional(certificates),
});

/** The section as the program uses it. */
export interface RedisConfig {
  /** An ACL user, with the secret `redisUserPassword`. Absent: the default user, with `redisPassword`. */
  readonly username?: string;
  /** PEM of the certificate authorities of `rediss://` shards: these and no others. Absent: those that Node trusts. */
  readonly caCertificate?: string;
  /** PEM, with the secret `redisClientKey`, for shards that ask for one. */
  readonly clientCertificate?: string;
}
