/** Which keys a verify found to differ, for the message when no pass comes out clean. */
import { printable } from "../printable";
import type { KeyState } from "../shard-store";

/** A key that two shards should hold alike, and do not. */
export interface FoundDifference {
  readonly key: Buffer;
  /** Names of the shards: of the ring that decides, and of the other one. */
  readonly primary: string;
  readonly secondary: string;
  /** What each held when it was compared. */
  readonly mine: KeyState;
  readonly other: KeyState;
  /** Whether it differed still, right after it was repaired. */
  readonly staysDifferent: boolean;
}

const SHOWN = 5;
/** The last moment that a Date holds: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const MAX_DATE_MS = 8.64e15;
/** A fingerprint is the hash of a string, or begins with the type of any other value (see `fingerprint.lua`). */
const FINGERPRINT = /^(?:[0-9a-f]{40}$|([A-Za-z-]+)(?:@\d+)?:)/;

const ONE_SIDED =
  "Something writes to one ring only: check that every writer of these shards runs the current ring epoch, then run " +
  "`pulumi up` again.";
const NEVER_EQUAL =
  "Keys that differ right after their repair are no writer's doing: their values do not compare equal between these two " +
  "servers. Compare the servers' versions (redis-cli info server) and the values of these keys on both shards. Give both " +
  "shards the same version, or delete the keys if nothing needs them, then run `pulumi up` again.";

/** Keeps a few of the keys that differ, those that stay different first. */
export class DifferenceExamples {
  private readonly found = new Map<string, FoundDifference>();

  readonly note = (difference: FoundDifference): void => {
    const name = difference.key.toString("latin1");
    const replaceable = [...this.found].find(
      ([, { staysDifferent }]) => difference.staysDifferent && !staysDifferent,
    )?.[0];
    if (!this.found.has(name) && this.found.size >= SHOWN) {
      if (replaceable === undefined) return;
      this.found.delete(replaceable);
    }
    this.found.set(name, difference);
  };

  /** Forgets what an earlier pass found: a difference that it saw once may have been a claim on its way. */
  forget(): void {
    this.found.clear();
  }

  /** @returns `, such as …` with up to five keys; empty where none is known, as when pods of a Job did the work. */
  examples(): string {
    return this.found.size === 0 ? "" : `, such as ${[...this.found.values()].map(describeDifference).join("; ")}`;
  }

  /** @returns the likely cause, and the next step. */
  cause(): string {
    return [...this.found.values()].some(({ staysDifferent }) => staysDifferent) ? NEVER_EQUAL : ONE_SIDED;
  }
}

/** @returns the key, its type, the two shards, and in what they differ. */
export function describeDifference({ key, primary, secondary, mine, other }: FoundDifference): string {
  const held = mine.fingerprint === "" ? other : mine;
  const name = `${printable(key)} (${typeOf(held)})`;
  if (mine.fingerprint === "") return `${name}, which ${secondary} has and ${primary} has not`;
  if (other.fingerprint === "") return `${name}, which ${primary} has and ${secondary} has not`;
  const differs = [
    ...(mine.fingerprint === other.fingerprint ? [] : ["its value"]),
    ...(mine.expiresAtMs === other.expiresAtMs ? [] : [`its expiry (${expiryOf(mine)} and ${expiryOf(other)})`]),
  ];
  return `${name}, of which ${primary} and ${secondary} differ in ${differs.join(" and ")}`;
}

function typeOf({ fingerprint }: KeyState): string {
  const found = FINGERPRINT.exec(fingerprint);
  return found === null ? "value" : (found[1] ?? "string");
}

function expiryOf({ expiresAtMs }: KeyState): string {
  if (expiresAtMs < 0) return "none";
  return expiresAtMs > MAX_DATE_MS ? `${expiresAtMs} ms` : new Date(expiresAtMs).toISOString();
}
