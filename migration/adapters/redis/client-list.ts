import type { ShardClient } from "../../engines/shard-store";
import { splitOnce } from "../split-once";
import { ENGINE_CLIENT_NAME } from "./handshake";

/**
 * @param text - the reply to `CLIENT LIST`, one client a line: https://redis.io/docs/latest/commands/client-list/
 * @returns the clients, but for replicas, primaries and monitors of the server.
 */
export function parseClientList(text: string): readonly ShardClient[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const fields = new Map(line.split(" ").map((field) => splitOnce(field, "=")));
    if (/[SMO]/.test(fields.get("flags") ?? "")) return [];
    const address = (fields.get("addr") ?? "").replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
    const isEngine = (fields.get("name") ?? "") === ENGINE_CLIENT_NAME;
    return [{ address, command: fields.get("cmd") ?? "", isEngine }];
  });
}
