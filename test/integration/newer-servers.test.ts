/** What touches values, rights and whole moves, once more on each server but Redis 7.0. */
import { SERVER_KINDS } from "../support/server-versions";
import { runAgainOn } from "./run-again";

const FILES = ["acl", "bundles", "catch-up", "close", "drain", "fencing", "moves", "pre-copy", "verify"];

for (const kind of SERVER_KINDS) if (kind !== "redis-7.0") runAgainOn(kind, FILES);
