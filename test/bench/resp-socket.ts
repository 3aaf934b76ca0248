/** The least that a client can be: commands as bytes on a socket, replies counted and looked at for errors only. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const CRLF = "\r\n";

/** @returns a command as it goes over the wire. */
export function encode(parts: readonly (string | Buffer)[]): Buffer {
  const chunks: Buffer[] = [Buffer.from(`*${parts.length}${CRLF}`)];
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    chunks.push(Buffer.from(`$${bytes.length}${CRLF}`), bytes, Buffer.from(CRLF));
  }
  return Buffer.concat(chunks);
}

/** One connection. Batches are answered in the order in which they were sent. */
export class RespSocket {
  private readonly waiting: { replies: Reply[]; readonly count: number; readonly done: (all: Reply[]) => void }[] = [];
  private rest: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on("data", (data: Buffer) => this.read(data));
  }

  static async open(host: string, port: number): Promise<RespSocket> {
    const socket = connect({ host, port });
    await once(socket, "connect");
    return new RespSocket(socket);
  }

  /** @returns the replies to so many commands. */
  send(commands: Buffer, count: number): Promise<Reply[]> {
    return new Promise((done) => {
      this.waiting.push({ replies: [], count, done });
      this.socket.write(commands);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(data: Buffer): void {
    const all = this.rest.length > 0 ? Buffer.concat([this.rest, data]) : data;
    let at = 0;
    for (let next = parse(all, at); next; next = parse(all, at)) {
      at = next.end;
      const [batch] = this.waiting;
      if (!batch) throw new Error("a reply that nobody asked for");
      batch.replies.push(next.reply);
      if (batch.replies.length === batch.count) {
        this.waiting.shift();
        batch.done(batch.replies);
      }
    }
    this.rest = all.subarray(at);
  }
}

/** A bulk string, null for none, or a number; other replies as their text. */
export type Reply = Buffer | number | null | string;

function parse(data: Buffer, at: number): { readonly reply: Reply; readonly end: number } | undefined {
  const lineEnd = data.indexOf(CRLF, at);
  if (lineEnd < 0) return undefined;
  const line = data.toString("latin1", at + 1, lineEnd);
  const end = lineEnd + 2;
  const kind = data.toString("latin1", at, at + 1);
  if (kind === "-") throw new Error(`refused: ${line}`);
  if (kind === ":") return { reply: Number(line), end };
  if (kind !== "$") return { reply: line, end };
  const size = Number(line);
  if (size < 0) return { reply: null, end };
  if (data.length < end + size + 2) return undefined;
  return { reply: data.subarray(end, end + size), end: end + size + 2 };
}
