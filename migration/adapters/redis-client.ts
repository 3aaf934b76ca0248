import type { Socket } from "node:net";
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
import type { HandshakeSocket } from "./redis/handshake-socket";
import { NotAReplyError } from "./redis/handshake-replies";
import { splitOnce } from "./split-once";
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

/** So many good connections that end in a row, without a reply in between, end because of what is sent: it is not sent again. */
const MANY_DROPS = 5;

/** A server ends each connection on which it gets, or answers, one request. */
class ConnectionDroppedError extends Error {
  constructor(readonly times: number) {
    super(`the server closed the connection ${times} times instead of answering a request`);
    this.name = "ConnectionDroppedError";
  }
}

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
  private readonly connection: ShardConnection;
  private serverRunId: Promise<string | undefined> | undefined;
  private lastError: unknown;
  private found: Established | undefined;
  private isClosed = false;
  private isReady = false;
  /** How many good connections have ended since the last reply. */
  private drops = 0;

  constructor(
    private readonly endpoint: RedisEndpoint,
    private readonly patient = true,
    private readonly kind: ConnectionKind = {},
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
      stringNumbers: kind.once ?? false,
      // The connector has done all of the handshake: nothing of it is left to ioredis.
      disableClientInfo: true,
      enableReadyCheck: false,
      lazyConnect: true,
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: patient ? RETRIES_PER_REQUEST : 1,
      retryStrategy: (times) => this.retryDelayMs(times),
    });
    this.redis.on("error", (error: unknown) => (this.lastError = error));
    this.redis.on("ready", () => {
      this.lastError = undefined;
      this.isReady = true;
    });
    this.redis.on("close", () => (this.serverRunId = undefined));
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
   * @returns what the network says when no reply comes, or the server when it cannot read the command; else undefined.
   * @throws ShardRefusedError, ShardUnreachableError when there is no connection.
   */
  async lossOf(command: readonly string[]): Promise<string | undefined> {
    const socket = openSocket(this.connection);
    try {
      const way = await this.open(socket);
      const { kind, text } = await way.ask(command, COMMAND_TIMEOUT_MS);
      return kind === "error" && text.startsWith("ERR Protocol error") ? text : undefined;
    } catch (error) {
      if (error instanceof ShardRefusedError || error instanceof ShardUnreachableError) throw error;
      return messageOf(error);
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

  /**
   * @returns the reply to CLIENT LIST, in which connections of this program have their name.
   * @throws ShardRefusedError when the user may not list clients, or could not name its connections.
   */
  async clientList(): Promise<unknown> {
    const { nameRefused } = await this.established();
    if (nameRefused !== undefined) throw this.explain(new HandshakeRefusedError("CLIENT SETNAME", nameRefused));
    return this.call("CLIENT", "LIST");
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

  private async open(socket: Socket): Promise<HandshakeSocket> {
    try {
      return await establish(socket, this.connection);
    } catch (error) {
      this.lastError = error;
      throw this.explain(error);
    }
  }

  /** @returns how long to wait before the next connection; null: there is none, and what is under way fails. */
  private retryDelayMs(times: number): number | null {
    if (this.isReady) this.drops++;
    this.isReady = false;
    if (this.kind.once || this.drops >= MANY_DROPS) return null;
    return this.patient || times < 2 ? Math.min(100 * times, 1_000) : null;
  }

  /** Where the client has given up, the next command tries a new connection: the operator may have put it right. */
  private async send(command: string, args: readonly (string | Buffer | number)[]): Promise<unknown> {
    if (this.redis.status === "end" && !this.isClosed && !this.kind.once) {
      this.drops = 0;
      void this.redis.connect().catch(() => undefined);
    }
    try {
      const reply = await this.redis.callBuffer(command, ...args);
      this.drops = 0;
      return reply;
    } catch (error) {
      if (isRefusal(error)) this.drops = 0;
      else if (this.drops >= MANY_DROPS) this.lastError = new ConnectionDroppedError(this.drops);
      throw error;
    }
  }

  /**
   * @param commands - of the script that failed, if it was one.
   * @returns what an operator can act on.
   */
  explain(error: unknown, commands: readonly string[] = []): Error {
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
