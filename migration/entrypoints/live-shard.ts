/** How the backend's live ring uses a shard. Pure. */
import type { ShardAddress } from "../adapters/open-shards";
import { serverOf } from "../config/server";
import { GateClosedError } from "../engines/errors";

/** Data of the live ring ConfigMap; undefined where there is none. */
export type LiveRing = Readonly<Record<string, string>> | undefined;

/** @returns the URLs of the shards that the backend reads. */
export const urlsRead = (live: LiveRing): readonly string[] =>
  (live?.["DEDUP_SHARDS"] ?? "").split(",").filter(Boolean);

/** @returns whether the backend reads the shard (however its URL is written) or writes it. */
export function isUsed({ name, url }: ShardAddress, live: LiveRing): boolean {
  const isRead = urlsRead(live).some((other) => serverOf(other) === serverOf(url));
  return isRead || (live?.["DEDUP_NEW_RING"] ?? "").split(",").includes(name);
}

/** @returns whether the backend writes both rings, so that each claim needs every shard of both. */
export const isDualWrite = (live: LiveRing): boolean => live?.["DEDUP_DUAL_WRITE"] === "true";

/** A shard that the backend uses was to be removed. */
export class ShardInUseError extends GateClosedError {
  constructor(
    readonly shard: string,
    isForced = false,
  ) {
    const removed = isForced ? "removed, not even by forceRemoveShards" : "removed";
    super(
      `${shard} cannot be ${removed}: the backend runs a ring with it. ` +
        `Leave that ring by a migration (or by its rollback) first.`,
    );
    this.name = "ShardInUseError";
  }
}
