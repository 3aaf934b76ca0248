import type { ConnectionOptions } from "node:tls";
import { Redis } from "ioredis";
import {
  FencedError,
  messageOf,
  ShardRefusedError,
  ShardUnreachableError,
  UnexpectedReplyError,
} from "../engines/errors";
import { printable } from "../engines/printable";
import type { LuaScript } from "./lua-scripts";
import { HandshakeRefusedError, type Established } from "./redis/handshake";
import { NotAReplyError } from "./redis/handshake-replies";
import { connectorTo, establish, openSocket, type ShardConnection } from "./redis/shard-connector";

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

/** A restart ends a connection once, and a failover perhaps twice. */
const MANY_DROPS = 3;

/** A server ends each connection on which it gets, or answers, one request. */
class ConnectionDroppedError extends Error {
  constructor(readonly times: number) {
    super(`the server closed the connection ${times} times before it answered one request`);
    this.name = "ConnectionDroppedError";
  }
}

/** Where in a script a command was refused: nothing that an operator could act on. */
const SCRIPT_PLACE = / script: [0-9a-f]{40}, on @user_script:\d+\.$/;

/** A connection to one Redis server that speaks in errors an operator can act on. */
export class RedisClient {
  private readonly redis: Redis;
  private readonly connection: ShardConnection;
  private serverRunId: Promise<string | undefined> | undefined;
  private lastError: unknown;
  private found: Established | undefined;
  private isClosed = false;
  private isReady = false;
  /** How many connections ended that had been good. */
  private drops = 0;

  constructor(
    private readonly endpoint: RedisEndpoint,
    patient = true,
  ) {
    const { host, port, db, tls, username, password } = endpoint;
    this.connection = {
      ...{ host, port, db },
      ...(tls ? { tls } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      replyTimeoutMs: COMMAND_TIMEOUT_MS,
      onEstablished: (found) => (this.found = found),
    };
    this.redis = new Redis({
      Connector: connectorTo(this.connection),
      protocol: 2,
      // The connector has done all of the handshake: nothing of it is left to ioredis.
      disableClientInfo: true,
      enableReadyCheck: false,
      lazyConnect: true,
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: patient ? RETRIES_PER_REQUEST : 1,
      retryStrategy: (times) => (patient || times < 2 ? Math.min(100 * times, 1_000) : null),
    });
    this.redis.on("error", (error: unknown) => (this.lastError = error));
    this.redis.on("ready", () => {
      this.lastError = undefined;
      this.isReady = true;
    });
    this.redis.on("close", () => {
      this.serverRunId = undefined;
      if (this.isReady) this.drops++;
      this.isReady = false;
    });
  }

  /** Sends one command; strings come back as Buffers. */
  async call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    try {
      return await this.send(command, args);
    } catch (error) {
      throw this.explain(error);
    }
  }

  /** Runs a script by its hash, loading it where the server does not know it (yet, or after a flush). */
  async script(script: LuaScript, keys: readonly (string | Buffer)[], args: readonly (string | Buffer)[]) {
    const rest = [keys.length, ...keys, ...args];
    const suffix = script.readOnly ? "_RO" : "";
    try {
      return (await this.send(`EVALSHA${suffix}`, [script.sha1, ...rest])) as unknown[];
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw this.explain(error, script.commands);
    }
    try {
      return (await this.send(`EVAL${suffix}`, [script.source, ...rest])) as unknown[];
    } catch (error) {
      throw this.explain(error, script.commands);
    }
  }

  /**
   * Sends one command on a connection of its own, once: what makes the server close the connection is not sent again.
   * @returns what the network says when no reply comes, else undefined.
   * @throws ShardRefusedError, ShardUnreachableError when there is no connection.
   */
  async lossOf(command: readonly string[]): Promise<string | undefined> {
    const socket = openSocket(this.connection);
    try {
      const way = await establish(socket, this.connection).catch((error: unknown) => {
        this.lastError = error;
        throw this.explain(error);
      });
      return await way.ask(command, COMMAND_TIMEOUT_MS).then(() => undefined, messageOf);
    } finally {
      socket.destroy();
    }
  }

  /** The server process that the connection leads to, if it says; asked anew after each reconnect. */
  async runId(): Promise<string | undefined> {
    this.serverRunId ??= this.info("server").then((fields) => fields.get("run_id"));
    this.serverRunId.catch(() => (this.serverRunId = undefined));
    return this.serverRunId;
  }

  /** What the server says of the connection; asked for anew with each one. */
  async established(): Promise<Established> {
    await this.runId();
    if (this.found) return this.found;
    throw this.explain(new Error("the connection was lost"));
  }

  /** Fields of INFO. */
  async info(section: string): Promise<ReadonlyMap<string, string>> {
    const text = String(await this.call("INFO", section));
    return new Map(text.split("\r\n").map((line) => splitOnce(line, ":")));
  }

  close(): void {
    this.isClosed = true;
    this.redis.disconnect();
  }

  /** A refused handshake ended the client: the next command tries a new one, since the operator may have put it right. */
  private async send(command: string, args: readonly (string | Buffer | number)[]): Promise<unknown> {
    if (this.redis.status === "end" && !this.isClosed) void this.redis.connect().catch(() => undefined);
    const dropsBefore = this.drops;
    try {
      return await this.redis.callBuffer(command, ...args);
    } catch (error) {
      const drops = this.drops - dropsBefore;
      if (drops >= MANY_DROPS && !isRefusal(error)) this.lastError = new ConnectionDroppedError(drops);
      throw error;
    }
  }

  /** @param commands - of the script that failed, if it was one. */
  private explain(error: unknown, commands: readonly string[] = []): Error {
    const { name, url } = this.endpoint;
    const message = messageOf(error);
    const fenced = /^FENCED (.*)/s.exec(message);
    if (fenced) return new FencedError(name, fenced[1] ?? "");
    const refused = [error, this.lastError].find(isRefusal);
    if (refused) return new ShardRefusedError(name, url, replyOf(refused, commands));
    if (this.lastError instanceof NotAReplyError) {
      return new UnexpectedReplyError(
        name,
        url,
        `"${printable(this.lastError.received)}"`,
        "a reply of a Redis server",
      );
    }
    // "Max retries" says less than the error of the connection itself.
    return new ShardUnreachableError(name, url, this.lastError ?? error);
  }
}

/** @returns what the server says, and where it leaves open which command of a script it means, those of the script. */
function replyOf(refusal: unknown, commands: readonly string[]): string {
  const reply = messageOf(refusal).replace(SCRIPT_PLACE, "");
  const isVague = /can't run this command or subcommand$|^ERR Unknown Redis command called from script$/.test(reply);
  return isVague && commands.length > 0 ? `${reply} (one of ${commands.join(", ")})` : reply;
}

const isRefusal = (error: unknown): boolean =>
  error instanceof HandshakeRefusedError || (error instanceof Error && error.name === "ReplyError");

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
