import type { ConnectionOptions } from "node:tls";
import { Redis } from "ioredis";
import { FencedError, messageOf, ShardRefusedError, ShardUnreachableError } from "../engines/errors";
import type { LuaScript } from "./lua-scripts";

/** How to reach one shard. */
export interface RedisEndpoint {
  readonly name: string;
  /** Where the operator knows it to be, for messages. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  /** Absent: in plain. */
  readonly tls?: ConnectionOptions;
  readonly username?: string;
  readonly password?: string;
}

/** A request waits this long for its answer: a hung server must not hang the migration. */
const COMMAND_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Reconnects per request before it fails: rides out the restart of a pod, about twenty seconds. */
const RETRIES_PER_REQUEST = 20;

/** Where in a script a command was refused: nothing that an operator could act on. */
const SCRIPT_PLACE = / script: [0-9a-f]{40}, on @user_script:\d+\.$/;

/** How a connection differs from others. */
export interface ConnectionKind {
  /** Whether it ends for good when it is lost. Its whole numbers come as text, with all of their digits. */
  readonly once?: boolean;
}

/** A connection to one Redis server that speaks in errors an operator can act on. */
export class RedisClient {
  private readonly redis: Redis;
  private serverRunId: Promise<string | undefined> | undefined;
  private lastError: unknown;

  constructor(
    private readonly endpoint: RedisEndpoint,
    patient = true,
    { once = false }: ConnectionKind = {},
  ) {
    this.redis = new Redis({
      host: endpoint.host,
      port: endpoint.port,
      db: endpoint.db,
      ...(endpoint.tls ? { tls: endpoint.tls } : {}),
      ...(endpoint.username === undefined ? {} : { username: endpoint.username }),
      ...(endpoint.password === undefined ? {} : { password: endpoint.password }),
      protocol: 2,
      stringNumbers: once,
      // Nobody asks who is connected; an ACL user would need one more right, and Redis 7.0 does not know the command.
      disableClientInfo: true,
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: patient ? RETRIES_PER_REQUEST : 1,
      retryStrategy: (times) => (!once && (patient || times < 2) ? Math.min(100 * times, 1_000) : null),
    });
    this.redis.on("error", (error: unknown) => (this.lastError = error));
    this.redis.on("ready", () => (this.lastError = undefined));
    this.redis.on("close", () => (this.serverRunId = undefined));
  }

  /** Sends one command; strings come back as Buffers. */
  async call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    try {
      return await this.redis.callBuffer(command, ...args);
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Runs a script by its hash, loading it where the server does not know it (yet, or after a flush). */
  async script(script: LuaScript, keys: readonly (string | Buffer)[], args: readonly (string | Buffer)[]) {
    const rest = [keys.length, ...keys, ...args];
    const suffix = script.readOnly ? "_RO" : "";
    try {
      return (await this.redis.callBuffer(`EVALSHA${suffix}`, script.sha1, ...rest)) as unknown[];
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw this.explain(error);
      return (await this.call(`EVAL${suffix}`, script.source, ...rest)) as unknown[];
    }
  }

  /** The server process that the connection leads to, if it says; asked anew after each reconnect. */
  async runId(): Promise<string | undefined> {
    this.serverRunId ??= this.info("server").then((fields) => fields.get("run_id"));
    this.serverRunId.catch(() => (this.serverRunId = undefined));
    return this.serverRunId;
  }

  /** Fields of INFO. */
  async info(section: string): Promise<ReadonlyMap<string, string>> {
    const text = String(await this.call("INFO", section));
    return new Map(text.split("\r\n").map((line) => splitOnce(line, ":")));
  }

  close(): void {
    this.redis.disconnect();
  }

  /** @returns what an operator can act on. */
  explain(error: unknown): Error {
    const { name, url } = this.endpoint;
    const message = messageOf(error);
    const fenced = /^FENCED (.*)/s.exec(message);
    if (fenced) return new FencedError(name, fenced[1] ?? "");
    const refused = [error, this.lastError].find((each) => each instanceof Error && each.name === "ReplyError");
    if (refused) return new ShardRefusedError(name, url, messageOf(refused).replace(SCRIPT_PLACE, ""));
    // "Max retries" says less than the error of the connection itself.
    return new ShardUnreachableError(name, url, this.lastError ?? error);
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
