/** Of MessagePack: https://github.com/msgpack/msgpack/blob/master/spec.md */
const ARRAY_32 = 0xdd;
const STRING_32 = 0xdb;
const HEADER_BYTES = 5;

/**
 * Keys as one argument of a script, which unpacks them with `cmsgpack.unpack`: as an argument each, every key would cost the
 * client a microsecond.
 *
 * @returns a MessagePack array of strings.
 */
export function packKeys(keys: readonly Buffer[]): Buffer {
  const size = keys.reduce((sum, { length }) => sum + HEADER_BYTES + length, HEADER_BYTES);
  const packed = Buffer.allocUnsafe(size);
  let at = writeHeader(packed, ARRAY_32, keys.length, 0);
  for (const key of keys) {
    at = writeHeader(packed, STRING_32, key.length, at);
    packed.set(key, at);
    at += key.length;
  }
  return packed;
}

function writeHeader(packed: Buffer, type: number, length: number, at: number): number {
  packed[at] = type;
  packed[at + 1] = length >>> 24;
  packed[at + 2] = (length >>> 16) & 0xff;
  packed[at + 3] = (length >>> 8) & 0xff;
  packed[at + 4] = length & 0xff;
  return at + HEADER_BYTES;
}
