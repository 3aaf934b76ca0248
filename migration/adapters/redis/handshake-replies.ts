/** The few kinds of replies that a connection's handshake gets. Pure. */

/** One reply of a server; `text` of an error is without its leading `-`. */
export interface HandshakeReply {
  readonly kind: "status" | "error" | "bulk";
  readonly text: string;
}

/** What a server sent is no reply that a handshake can get. */
export class NotAReplyError extends Error {
  constructor(readonly received: Buffer) {
    super(`${received.length} bytes are no reply of a Redis server`);
    this.name = "NotAReplyError";
  }
}

const CRLF = "\r\n";
const KINDS = { "+": "status", "-": "error", $: "bulk" } as const;
/** How much of something unexpected a message shows. */
const SHOWN = 40;
/** No line of a reply is longer. A server that sends more without a line break speaks another protocol. */
const LONGEST_LINE = 64 * 1024;

/**
 * Reads the one reply that a server owes (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/).
 *
 * @param received - all bytes since the command was sent.
 * @returns the reply; undefined while it is not complete.
 * @throws NotAReplyError for anything else, and for bytes behind the reply, which nobody asked for.
 */
export function readReply(received: Buffer): HandshakeReply | undefined {
  if (received.length === 0) return undefined;
  const kind = KINDS[String.fromCharCode(received[0] ?? 0) as keyof typeof KINDS] as HandshakeReply["kind"] | undefined;
  const end = received.indexOf(CRLF);
  if (kind === undefined || (end < 0 && received.length > LONGEST_LINE)) throw notAReply(received);
  if (end < 0) return undefined;
  const line = received.subarray(1, end).toString();
  const rest = received.subarray(end + CRLF.length);
  if (kind === "bulk") return bulk(line, rest, received);
  if (rest.length > 0) throw notAReply(received);
  return { kind, text: line };
}

function bulk(length: string, rest: Buffer, received: Buffer): HandshakeReply | undefined {
  const bytes = /^\d+$/.test(length) ? Number(length) : Number.NaN;
  if (Number.isNaN(bytes) || rest.length > bytes + CRLF.length) throw notAReply(received);
  if (rest.length < bytes + CRLF.length) return undefined;
  return { kind: "bulk", text: rest.subarray(0, bytes).toString() };
}

const notAReply = (received: Buffer) => new NotAReplyError(received.subarray(0, SHOWN));
