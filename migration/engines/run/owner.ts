import type { BackendIdentity } from "../../contract/shard-card";

/** Who works on shards, and whom they belong to. */
export interface Owner {
  readonly backend: BackendIdentity;
  /** The Pulumi stack by the name that it had at its first `up`; undefined where it is not known. */
  readonly stack?: string;
}
