import type { Socket } from "node:net";
import { readReply, type HandshakeReply } from "./handshake-replies";

/** A socket during its handshake: one command at a time, and nothing that arrives is lost. */
export class HandshakeSocket {
  private received = Buffer.alloc(0);
  private isOpen = false;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  /** @param openEvent - what the socket emits when bytes can be sent: `connect`, or `secureConnect` by TLS. */
  constructor(
    private readonly socket: Socket,
    private readonly openEvent: "connect" | "secureConnect",
  ) {
    socket.once(openEvent, this.onOpen).on("data", this.onData).on("error", this.onError).on("close", this.onClose);
  }

  /** @throws Error when the way is not open in time. */
  async opened(timeoutMs: number): Promise<void> {
    await this.until(() => this.isOpen || undefined, timeoutMs, "connect ETIMEDOUT");
  }

  /** Sends a command, and returns its reply. @throws Error when none comes in time; NotAReplyError */
  async ask(command: readonly string[], timeoutMs: number): Promise<HandshakeReply> {
    const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.socket.write(`*${command.length}\r\n${words.join("")}`);
    const reply = await this.until(() => readReply(this.received), timeoutMs, `no answer to ${command[0] ?? ""}`);
    this.received = Buffer.alloc(0);
    return reply;
  }

  /** Gives the socket up to whoever uses it from now on. What arrives meanwhile is kept for them. */
  release(): Socket {
    const { socket, openEvent } = this;
    socket.off(openEvent, this.onOpen).off("data", this.onData).off("close", this.onClose).pause();
    return socket;
  }

  private readonly onOpen = () => {
    this.isOpen = true;
    this.wake();
  };
  private readonly onData = (data: Buffer) => {
    this.received = Buffer.concat([this.received, data]);
    this.wake();
  };
  private readonly onError = (error: Error) => {
    this.failure ??= error;
    this.wake();
  };
  private readonly onClose = () => this.onError(new Error("the server closed the connection"));

  private async until<T>(look: () => T | undefined, timeoutMs: number, silence: string): Promise<T> {
    const timer = setTimeout(() => this.onError(new Error(silence)), timeoutMs);
    try {
      for (;;) {
        const woken = new Promise<void>((resolve) => (this.wake = resolve));
        const found = look();
        if (found !== undefined) return found;
        if (this.failure) throw this.failure;
        await woken;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
