import { keyOf, show, type ConfigProblem } from "./config-error";
import type { ParsedConfig } from "./schema";
import { serverOf } from "./server";

const ALLOWED = "redis://host[:port][/db] or rediss://host[:port][/db]";

/** Gives the URL of a shard that this program runs. */
export type ManagedUrl = (shard: string, namespace: string) => string;

/** @returns what is wrong with `shardUrls`: malformed URLs, passwords in them, strangers, one server given twice. */
export function shardUrlProblems(config: Partial<ParsedConfig>, managedUrl: ManagedUrl): ConfigProblem[] {
  const urls = Object.entries(config.shardUrls ?? {});
  const strangers = urls.flatMap(([name]) => strangerProblem(config, name));
  const malformed = urls.flatMap(([name, url]) => problem(name, url, refusal(url)));
  return [...strangers, ...malformed, ...sharedServers(managedUrls(config, managedUrl), urls)];
}

function strangerProblem({ shards, targetShards }: Partial<ParsedConfig>, name: string): ConfigProblem[] {
  if (!shards || !targetShards || shards.includes(name) || targetShards.includes(name)) return [];
  const allowed = "only shards named in dedup-shards:shards or dedup-shards:targetShards";
  return [{ key: keyOf("shardUrls", name), value: "the URL of a shard in neither ring", allowed }];
}

function problem(name: string, url: string, allowed: string | undefined): ConfigProblem[] {
  return allowed === undefined ? [] : [{ key: keyOf("shardUrls", name), value: show(redact(url)), allowed }];
}

/** @returns what is allowed instead, or undefined when the URL is fine. */
function refusal(text: string): string | undefined {
  if (text.includes("@")) return `${ALLOWED}; put the password into dedup-shards:redisPassword`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fine =
    /^rediss?:\/\/[^\s,?#]+$/.test(text) &&
    url !== undefined &&
    url.hostname !== "" &&
    /^\/?\d{0,5}$/.test(url.pathname) &&
    url.port !== "0";
  return fine ? undefined : ALLOWED;
}

type NamedUrl = readonly [name: string, url: string];

/** The shards that this program runs itself, in either ring: an unused target may come back at any time. */
function managedUrls(config: Partial<ParsedConfig>, managedUrl: ManagedUrl): NamedUrl[] {
  const { shards = [], targetShards = [], shardUrls = {}, namespace } = config;
  if (namespace === undefined) return [];
  const names = [...new Set([...shards, ...targetShards])].filter((name) => !Object.hasOwn(shardUrls, name));
  // A name that makes no URL is refused as a name.
  return names.map((name) => [name, managedUrl(name, namespace)] as const).filter(([, url]) => URL.canParse(url));
}

/** Two names for one server and database would be two owners of one key: the cleanup would delete the only copy. */
function sharedServers(managed: readonly NamedUrl[], urls: readonly NamedUrl[]): ConfigProblem[] {
  const seen = new Map(managed.map(([name, url]) => [serverOf(url), name]));
  return urls.flatMap(([name, url]) => {
    if (refusal(url) !== undefined) return [];
    const server = serverOf(url);
    const other = seen.get(server);
    seen.set(server, other ?? name);
    const allowed = `a server of its own: ${server} is shard ${show(other)} already`;
    return other === undefined ? [] : problem(name, url, allowed);
  });
}

/** @returns a URL as it may be shown: a password may stand before the `@` or, with some clients, in the query. */
export const redact = (url: string): string =>
  url.replace(/^(\w+:\/\/)?.*@/s, (_match, scheme?: string) => `${scheme ?? ""}***@`).replace(/[?#].*$/s, "?***");
