import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";

/** Who one is to the shards, and whom one takes for a shard. Certificates and keys are PEM. */
export interface ShardLogin {
  /** An ACL user; the default user where it is absent. */
  readonly username?: string;
  readonly password?: string;
  /** Of `rediss://` shards: these authorities and no others. Absent: those that Node trusts. */
  readonly caCertificate?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/**
 * @param hostname - the shard's own, whatever way leads to it.
 * @returns how to connect by TLS; undefined for a shard without.
 */
export function tlsTo({ protocol, hostname }: URL, login: ShardLogin): ConnectionOptions | undefined {
  if (protocol !== "rediss:") return undefined;
  const host = hostname.replace(/^\[|\]$/g, "");
  const { caCertificate: ca, clientCertificate: cert, clientKey: key } = login;
  return {
    // An address is no server name (RFC 6066, section 3).
    ...(isIP(host) ? {} : { servername: host }),
    // Through a port-forward Node would ask for the certificate of this machine.
    checkServerIdentity: (_host, certificate) => checkServerIdentity(host, certificate),
    ...(ca ? { ca } : {}),
    ...(cert && key ? { cert, key } : {}),
  };
}
