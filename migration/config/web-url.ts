import { keyOf, show, type ConfigProblem } from "./config-error";
import { redact } from "./shard-urls";

/**
 * @param path - of the key that this is.
 * @param credentials - where credentials belong, in words; undefined where none are possible.
 * @returns what is wrong with the URL of an HTTP server, if anything: never with the credentials in it.
 */
export function webUrlProblems(
  path: readonly string[],
  url: string | undefined,
  credentials?: string,
): ConfigProblem[] {
  const allowed = url === undefined ? undefined : refusal(url, credentials);
  return allowed === undefined ? [] : [{ key: keyOf(...path), value: show(redact(url ?? "")), allowed }];
}

/** @returns what is wrong with a bearer token, if anything: never with the token in it. */
export function tokenProblems(key: string, token: unknown): ConfigProblem[] {
  if (typeof token !== "string" || /^[!-~]*$/.test(token)) return [];
  const value = "a text with spaces, line breaks or other characters";
  return [{ key: keyOf(key), value, allowed: "a token of printable ASCII" }];
}

function refusal(url: string, credentials: string | undefined): string | undefined {
  if (url.includes("@")) {
    return `http://… or https://…${credentials === undefined ? " without credentials" : `; put the credentials into ${credentials}`}`;
  }
  const fine = /^https?:\/\/[^\s?#]+$/.test(url) && URL.canParse(url);
  return fine ? undefined : "http://host[:port][/path] or https://host[:port][/path]";
}
