/** Failures that an operator reads: each says what happened, where, and what to do next. */

/** A shard does not answer. */
export class ShardUnreachableError extends Error {
  constructor(
    readonly shard: string,
    readonly where: string,
    cause: unknown,
  ) {
    const said = tlsProblem(cause) ?? messageOf(cause);
    super(
      `${shard} at ${where} cannot be reached: ${sentence(said)} ${nextStepTo(said)}, then run \`pulumi up\` again: ` +
        "it goes on where it stopped.",
      { cause },
    );
    this.name = "ShardUnreachableError";
  }
}

/** A shard answers, but refuses. */
export class ShardRefusedError extends Error {
  constructor(
    readonly shard: string,
    readonly where: string,
    readonly reply: string,
  ) {
    super(`${shard} at ${where} refused: ${sentence(reply)} ${nextStepFor(reply)}`);
    this.name = "ShardRefusedError";
  }
}

/** What answers is no shard, or something on the way to it changes its answers. */
export class UnexpectedReplyError extends Error {
  constructor(shard: string, where: string, said: string, wanted: string) {
    super(
      `${shard} at ${where} gave an answer that makes no sense: ${said} instead of ${wanted}. Look at what its address ` +
        "leads to, then run `pulumi up` again: it goes on where it stopped.",
    );
    this.name = "UnexpectedReplyError";
  }
}

/** A shard's name leads to another shard of its migration. */
export class OtherShardError extends Error {
  /** @param adopt - the command that gives the shard the other name for good; undefined where there is none. */
  constructor(shard: string, found: string, adopt?: string) {
    const handOver =
      adopt === undefined ? "" : ` If that shard is to be ${shard} from now on, and ${found} no more, run ${adopt}.`;
    super(
      `the address of ${shard} leads to ${found}. Nothing is done on a shard that is not the one it is taken for: wait until ` +
        `their names lead where they should, or mend shardUrls, then run \`pulumi up\` again.${handOver}`,
    );
    this.name = "OtherShardError";
  }
}

/** Another run has the right to write. */
export class LockedError extends Error {
  constructor(
    readonly shard: string,
    readonly holder: string,
  ) {
    super(
      `another migration run works on ${shard}: ${holder}. ` +
        `Wait for it to end, or stop it, then run \`pulumi up\` again. A run that was killed loses its lock within seconds.`,
    );
    this.name = "LockedError";
  }
}

/** This run lost the right to write: another one has taken over, or the shard forgot the lock. */
export class FencedError extends Error {
  constructor(
    readonly shard: string,
    readonly holder: string,
  ) {
    super(
      `this run lost its lock on ${shard} (now: ${holder}), so it stopped writing. ` +
        `If no other run is at work, run \`pulumi up\` again: it goes on from its checkpoint.`,
    );
    this.name = "FencedError";
  }
}

/** Where a shard is, as the configuration says. */
interface NamedUrl {
  readonly name: string;
  readonly url: string;
}

/** Two shards are one database: of a key with two owners there, a cleanup would delete the only copy. */
export class SharedServerError extends Error {
  constructor(a: NamedUrl, b: NamedUrl) {
    super(
      `${a.name} (${a.url}) and ${b.name} (${b.url}) are the same database of the same server, by two names. A cleanup ` +
        `would delete the only copies there. Nothing has been changed: give each a server of its own in shardUrls, or ` +
        `take one of them out of the rings.`,
    );
    this.name = "SharedServerError";
  }
}

/** A check that must hold before the ring may advance does not hold. */
export class GateClosedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "GateClosedError";
  }
}

/** @returns the message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** OpenSSL's messages have places in its source in them; @returns only what they say; undefined for any other error. */
function tlsProblem(cause: unknown): string | undefined {
  const { code, reason } = Object(cause) as { readonly code?: unknown; readonly reason?: unknown };
  return /^ERR_SSL/.test(String(code)) && typeof reason === "string" ? reason : undefined;
}

function nextStepTo(said: string): string {
  if (/alert certificate expired|alert certificate revoked/.test(said))
    return "Renew redis.clientCertificate and redisClientKey";
  if (/certificate has expired|not yet valid/.test(said))
    return "Renew the shard's certificate (or look at the clocks)";
  if (/wrong version number|packet length too long/.test(said)) {
    return "It answers in plain at that port: its URL must have redis://, or another port";
  }
  if (/alert (certificate required|bad certificate|unknown ca)|handshake failure/.test(said)) {
    return "It asks for a certificate that it trusts: set redis.clientCertificate and redisClientKey";
  }
  if (/certificate|altnames/.test(said)) {
    return "Set redis.caCertificate to the authority of the shard's certificate, and its URL to a name in that";
  }
  if (/closed the connection \d+ times/.test(said)) {
    return "Its log says why. Where a value is larger than client-query-buffer-limit or client-output-buffer-limit allows, raise that";
  }
  return "Check that its pod runs and that this machine may connect";
}

/** An ACL refusal on any version: of a command, of one in a script (7.0 says it in one way, 7.2 in another), or of a key. */
const LACKS_RIGHT = /^(NOPERM\b|(ERR )?(The user executing the script can't|ACL failure in script))/;

function rightToGrant(reply: string): string | undefined {
  if (!LACKS_RIGHT.test(reply)) return undefined;
  const command = /'([a-z_]+(?:\|[a-z]+)?)' command/i.exec(reply)?.[1]?.toLowerCase();
  const grant = command === undefined ? "" : ` grant it \`+${command}\` (ACL SETUSER … +${command}).`;
  return `The ACL user lacks a right:${grant} docs/guides/security.md lists all that it needs.`;
}

/** Some replies end with a full stop, some do not. */
const sentence = (text: string): string => (text.endsWith(".") ? text : `${text}.`);

const NEXT_STEPS: readonly (readonly [RegExp, string])[] = [
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/,
    "Set the right password: pulumi config set --secret redisPassword … (redisUserPassword where redis.username is set).",
  ],
  [/^OOM/, "The shard is at maxmemory: nothing was lost. Give it more memory, then run `pulumi up` again."],
  [/^LOADING/, "It is still loading its data: wait, then run `pulumi up` again."],
  [/^BUSY\b/, "It is busy with a script: wait, then run `pulumi up` again."],
  [
    /^ERR (DB index is out of range|invalid DB index|SELECT is not allowed)/,
    "It has no such database: correct the number at the end of its URL in shardUrls, or raise `databases` in its " +
      "configuration, then run `pulumi up` again.",
  ],
  [
    /DUMP payload version/,
    "It does not read the format of the server that the value comes from, which is newer or of another kind (Valkey and " +
      "Redis 7.2 or older do not read what Redis 7.4 or newer writes). Upgrade it, or give the shard such a server, then run " +
      "`pulumi up` again.",
  ],
  [
    /invalid bulk length/,
    "A value is larger than it takes: raise its proto-max-bulk-len (redis-cli config set), then run `pulumi up` again.",
  ],
  [
    /^ERR unknown (sub)?command|^ERR Unknown Redis command/i,
    "Its configuration renames or removes a command that migrations need: take that out of its rename-command, then run " +
      "`pulumi up` again.",
  ],
  [
    /^ERR the connection is in database/,
    "Its server accepts SELECT and ignores it: give the shard a server of its own, and a URL without a database.",
  ],
  [
    /^NOREPLICAS/,
    "It takes no writes without replicas: bring them back, or lower its min-replicas-to-write, then run `pulumi up` again.",
  ],
  [/^READONLY/, "It is a replica: point the shard's URL at its primary."],
  [/^MISCONF/, "It cannot persist: look at its disk, then run `pulumi up` again."],
  [
    /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)/,
    "It is a Redis Cluster node: dedup-shards moves keys between standalone servers only.",
  ],
];

const nextStepFor = (reply: string): string =>
  rightToGrant(reply) ??
  NEXT_STEPS.find(([pattern]) => pattern.test(reply))?.[1] ??
  "Look at the server's log, then run `pulumi up` again.";
