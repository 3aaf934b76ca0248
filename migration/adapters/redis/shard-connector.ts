/**
 * Opens connections to one shard for ioredis, which gets a connection only when its handshake has succeeded.
 *
 * ioredis has a handshake of its own, but goes on in database 0 when SELECT fails, on a reconnect as well
 * (https://github.com/redis/ioredis/issues/485). So it is told of no password and no database, and no command of anybody
 * can be sent before {@link handshakeSteps} is done.
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { AbstractConnector } from "ioredis";
import { handshakeSteps, HandshakeRefusedError, nothingSaid, type Established, type HandshakeGoal } from "./handshake";
import { NotAReplyError } from "./handshake-replies";
import { HandshakeSocket } from "./handshake-socket";

/** Where a connection goes, and what it must achieve. */
export interface ShardConnection extends HandshakeGoal {
  readonly host: string;
  readonly port: number;
  /** Absent: in plain. */
  readonly tls?: ConnectionOptions;
  /** Until the way is open. */
  readonly connectTimeoutMs: number;
  /** Until a step of the handshake is answered. */
  readonly replyTimeoutMs: number;
  /** Called with each connection whose handshake succeeded. */
  readonly onEstablished: (found: Established) => void;
}

/** A socket that is to be closed has so long to say goodbye. */
const GOODBYE_MS = 2_000;

/**
 * @returns a connector class for the option `Connector` of ioredis. A connection that fails in a way that may pass is
 *   tried again by ioredis's retry strategy. A refusal that needs an operator ends the client at once.
 */
export const connectorTo = (to: ShardConnection) =>
  class ShardConnector extends AbstractConnector {
    private isEstablished = false;

    constructor() {
      super(GOODBYE_MS);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      this.isEstablished = false;
      const socket = openSocket(to);
      this.stream = socket;
      try {
        (await establish(socket, to)).release();
        this.isEstablished = true;
      } catch (error) {
        this.firstError = error as Error;
        socket.destroy();
        if (needsOperator(error)) throw error;
      }
      return socket;
    }

    override disconnect(): void {
      if (this.isEstablished) super.disconnect();
      else (this.stream as Socket | undefined)?.destroy();
    }
  };

const needsOperator = (error: unknown): boolean =>
  error instanceof NotAReplyError || (error instanceof HandshakeRefusedError && !error.isTransient);

/** @returns a socket on its way to the shard. */
export function openSocket({ host, port, tls }: ShardConnection): Socket {
  const socket = tls ? connectTls({ host, port, ...tls }) : connectPlain({ host, port });
  return socket.setNoDelay(true);
}

/**
 * Does the handshake on a socket.
 * @returns the socket, on which commands may be sent now.
 * @throws HandshakeRefusedError, NotAReplyError, or what the network says.
 */
export async function establish(socket: Socket, to: ShardConnection): Promise<HandshakeSocket> {
  const way = new HandshakeSocket(socket, to.tls ? "secureConnect" : "connect");
  await way.opened(to.connectTimeoutMs);
  let found = nothingSaid(to);
  for (const { command, judge } of handshakeSteps(to)) {
    found = { ...found, ...judge(await way.ask(command, to.replyTimeoutMs)) };
  }
  to.onEstablished(found);
  return way;
}
