/** What a connection to a shard must achieve before any command may be sent on it. Pure. */
import type { HandshakeReply } from "./handshake-replies";

/** What a connection logs in with, and the database that it must reach. */
export interface HandshakeGoal {
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
}

/** What the server says of a connection whose handshake succeeded. */
export interface Established {
  /** The database that the connection is in: as `CLIENT INFO` says, else as a SELECT (or none, for 0) made it. */
  readonly db: number;
  /** Whether the server asks for no password although one was given. */
  readonly passwordIgnored: boolean;
  /** Why the server did not take the connection's name: its user may not set one. Absent: it has it. */
  readonly nameRefused?: string;
}

/** The name by which shards know connections of this program. */
export const ENGINE_CLIENT_NAME = "dedup-shards";

/** A server refused a step of the handshake, or put the connection elsewhere, so there is no connection. */
export class HandshakeRefusedError extends Error {
  /** Whether the same handshake may succeed in a moment. */
  readonly isTransient: boolean;

  constructor(
    readonly command: string,
    readonly reply: string,
  ) {
    super(reply);
    this.name = "HandshakeRefusedError";
    this.isTransient = TRANSIENT.test(reply);
  }
}

/** States that a server leaves by itself. Everything else needs an operator. */
const TRANSIENT = /^(LOADING|BUSY|MASTERDOWN|TRYAGAIN)\b|max number of clients/;

/** https://redis.io/docs/latest/commands/auth/: the default user has no password, so every connection is logged in. */
const ASKS_FOR_NO_PASSWORD = /no password is set|without any password configured for the default user/;
/** Users made before these commands were asked for lack the right to them, and some services rename CLIENT. */
const MAY_NOT_ASK = /^NOPERM|^ERR unknown (command|subcommand)/i;

/** One command of the handshake, and what its reply means. */
interface Step {
  readonly command: readonly [name: string, ...args: string[]];
  /** @returns what the reply adds to what is known. @throws HandshakeRefusedError */
  readonly judge: (reply: HandshakeReply) => Partial<Established>;
}

/**
 * The steps, each sent only when the one before has succeeded. A SELECT is sent only where the database is not the one
 * that every connection begins in, so that a user without the right to SELECT can use that one.
 */
export function handshakeSteps({ db, username, password }: HandshakeGoal): readonly Step[] {
  const login = password === undefined ? [] : [auth([...(username === undefined ? [] : [username]), password])];
  const select = db === 0 ? [] : [succeeds("SELECT", String(db))];
  return [...login, isNamed, ...select, isInDatabase(db), hasLoaded];
}

/** What is known before the first step. */
export const nothingSaid = (goal: HandshakeGoal): Established => ({ db: goal.db, passwordIgnored: false });

const auth = (credentials: readonly string[]): Step => ({
  command: ["AUTH", ...credentials],
  judge: (reply) => {
    if (reply.kind === "error" && ASKS_FOR_NO_PASSWORD.test(reply.text)) return { passwordIgnored: true };
    return expectOk("AUTH", reply);
  },
});

/**
 * A connection without the name leads to the same place, so a user without the right to set one goes on working: only who
 * else is connected cannot be told then. Any other reply is no answer of a server that may be worked on.
 */
const isNamed: Step = {
  command: ["CLIENT", "SETNAME", ENGINE_CLIENT_NAME],
  judge: (reply) => {
    if (reply.kind === "error" && MAY_NOT_ASK.test(reply.text)) return { nameRefused: reply.text };
    return expectOk("CLIENT SETNAME", reply);
  },
};

const succeeds = (name: string, ...args: readonly string[]): Step => ({
  command: [name, ...args],
  judge: (reply) => expectOk(name, reply),
});

const isInDatabase = (db: number): Step => ({
  command: ["CLIENT", "INFO"],
  judge: (reply) => {
    if (reply.kind === "error" && MAY_NOT_ASK.test(reply.text)) return {};
    const found = /(?:^| )db=(\d+)(?: |\s*$)/.exec(expectText("CLIENT INFO", reply))?.[1];
    if (Number(found) === db) return { db };
    throw new HandshakeRefusedError("CLIENT INFO", `ERR the connection is in database ${found ?? "?"}, not in ${db}`);
  },
});

/** A server that loads its data lets INFO through, and refuses everything else. */
const hasLoaded: Step = {
  command: ["INFO"],
  judge: (reply) => {
    if (!/^(async_)?loading:[^0\s]/m.test(expectText("INFO", reply))) return {};
    throw new HandshakeRefusedError("INFO", "LOADING Redis is loading the dataset in memory");
  },
};

function expectOk(command: string, reply: HandshakeReply): Partial<Established> {
  if (reply.kind === "status" && reply.text === "OK") return {};
  throw new HandshakeRefusedError(command, reply.kind === "error" ? reply.text : `ERR "${reply.text}" instead of OK`);
}

function expectText(command: string, reply: HandshakeReply): string {
  if (reply.kind === "bulk") return reply.text;
  throw new HandshakeRefusedError(command, reply.kind === "error" ? reply.text : `ERR "${reply.text}" and no text`);
}
