/** This product's own keys on a shard: the lock and the records. They are never migrated. */
export const BOOKKEEPING_PREFIX = "dedup-shards:";

/** @returns a pattern, of SCAN or of an ACL rule, that matches a text and no other. */
export const literally = (text: string): string => text.replace(/[\\*?[\]^]/g, "\\$&");
