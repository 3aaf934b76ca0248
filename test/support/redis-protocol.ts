/** Where one message of the Redis protocol ends, for proxies that look at each of them. */

const CRLF = "\r\n";

/** @returns the offset behind the message that begins at `from`; undefined while it is not complete. */
export function endOfMessage(data: Buffer, from = 0): number | undefined {
  const lineEnd = data.indexOf(CRLF, from);
  if (lineEnd < 0) return undefined;
  const [kind, behindLine] = [String.fromCharCode(data[from] ?? 0), lineEnd + CRLF.length];
  const size = Number(data.subarray(from + 1, lineEnd).toString());
  if ((kind !== "$" && kind !== "*") || size < 0) return behindLine;
  if (kind === "$") return data.length < behindLine + size + CRLF.length ? undefined : behindLine + size + CRLF.length;
  let end: number | undefined = behindLine;
  for (let item = 0; item < size && end !== undefined; item++) end = endOfMessage(data, end);
  return end;
}

/** @returns the words of a request, `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n` → `["GET", "k"]`. */
export function wordsOf(request: Buffer): string[] {
  const words: string[] = [];
  for (let at = request.indexOf(CRLF) + 2; at < request.length;) {
    const begin = request.indexOf(CRLF, at) + 2;
    const end = begin + Number(request.subarray(at + 1, begin - 2).toString());
    words.push(request.subarray(begin, end).toString("latin1"));
    at = end + 2;
  }
  return words;
}
