/** Random values of every type, as the commands that make them. */
import fc from "fast-check";
import type { Redis } from "ioredis";

/** A command; `KEY` stands for the key. */
export type Command = readonly (string | number | Buffer)[];

/** A value: how it is made, and what makes another value of it. */
export interface RandomValue {
  readonly type: string;
  readonly make: readonly Command[];
  readonly change: Command;
}

/** A name that no generated member has, since they are shorter. */
const NEW = "a member that no generator makes";

const bytes = fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array));
const text = fc.oneof(
  bytes,
  fc.string({ maxLength: 12 }),
  fc.constantFrom("Berry", "apple", "a-b", "ab1", "A.b", "10", "9"),
);
const members = fc.uniqueArray(
  text.map((one) => Buffer.from(one)),
  { minLength: 1, maxLength: 30, selector: (one) => one.toString("latin1") },
);
/** Whole, fractional, tiny, huge, -0: in a notation that every server takes. */
const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(0.1, 0.5, -0, 1732924799.123, 1e21, 1e-7, Infinity, -Infinity),
);
const scoreText = (value: number): string => {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+inf" : "-inf";
};
/** Makes a value so large that it is compared in parts. */
const isLarge = fc.integer({ max: 9, min: 0 }).map((one) => one === 0);
const padded = (list: readonly Buffer[], large: boolean): Buffer[] =>
  large
    ? list.flatMap((one) => Array.from({ length: 200 }, (_, i) => Buffer.concat([one, Buffer.alloc(100, `${i}`)])))
    : [...list];
const pushed = (command: string, args: readonly (string | Buffer)[], step: number): Command[] =>
  Array.from({ length: Math.ceil(args.length / step) }, (_, i) => [
    command,
    "KEY",
    ...args.slice(i * step, (i + 1) * step),
  ]);

const list = fc
  .tuple(fc.array(text, { minLength: 1, maxLength: 30 }), isLarge)
  .map(([entries, large]): RandomValue => ({
    type: "list",
    make: pushed(
      "RPUSH",
      padded(
        entries.map((one) => Buffer.from(one)),
        large,
      ),
      1_000,
    ),
    change: ["RPUSH", "KEY", NEW],
  }));
const set = fc.tuple(members, isLarge).map(([all, large]): RandomValue => ({
  type: "set",
  make: pushed("SADD", padded(all, large), 1_000),
  change: ["SADD", "KEY", NEW],
}));
const numbers = fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 30 }).map((all): RandomValue => ({
  type: "set",
  make: [["SADD", "KEY", ...all]],
  change: ["SADD", "KEY", NEW],
}));
const hash = fc
  .tuple(members, fc.array(text, { minLength: 30, maxLength: 30 }), isLarge)
  .map(([names, values, large]): RandomValue => ({
    type: "hash",
    make: pushed(
      "HSET",
      padded(names, large).flatMap((name, i) => [name, Buffer.from(values[i % 30] ?? "")]),
      1_000,
    ),
    change: ["HSET", "KEY", NEW, "v"],
  }));
const zset = fc
  .tuple(members, fc.array(score, { minLength: 30, maxLength: 30 }), isLarge)
  .map(([names, scores, large]): RandomValue => ({
    type: "zset",
    make: pushed(
      "ZADD",
      padded(names, large).flatMap((name, i) => [scoreText(scores[i % 30] ?? 0), name]),
      1_000,
    ),
    change: ["ZADD", "KEY", 1, NEW],
  }));
const string = text.map((value): RandomValue => ({
  type: "string",
  make: [["SET", "KEY", value]],
  change: ["APPEND", "KEY", NEW],
}));

/** What may happen to a stream with a group: each with a number that picks an id. */
const STREAM_STEPS: readonly ((id: number) => Command)[] = [
  (id) => ["XDEL", "KEY", `${id}-1`],
  (id) => ["XTRIM", "KEY", "MAXLEN", id],
  (id) => ["XTRIM", "KEY", "MINID", `${id}-1`],
  (id) => ["XREADGROUP", "GROUP", "readers", `reader ${id % 3}`, "COUNT", id, "STREAMS", "KEY", ">"],
  (id) => ["XACK", "KEY", "readers", `${id}-1`],
  (id) => ["XCLAIM", "KEY", "readers", "claimer", 0, `${id}-1`],
  (id) => ["XGROUP", "SETID", "KEY", "readers", `${id}-1`],
  (id) => ["XGROUP", "CREATE", "KEY", `late ${id}`, `${id}-1`],
  (id) => ["XGROUP", "CREATECONSUMER", "KEY", "readers", `idle ${id}`],
  (id) => ["XSETID", "KEY", `${50 + id}-1`],
];
const step = fc
  .tuple(fc.nat(STREAM_STEPS.length - 1), fc.nat(12))
  .map(([which, id]) => STREAM_STEPS[which]?.(id) ?? []);
const stream = fc
  .tuple(fc.array(text, { minLength: 1, maxLength: 10 }), fc.array(step, { maxLength: 8 }), isLarge)
  .map(([values, steps, large]): RandomValue => ({
    type: "stream",
    make: [
      ...values.map((value, i): Command => [
        "XADD",
        "KEY",
        `${i + 1}-1`,
        "f",
        value,
        "g",
        large ? Buffer.alloc(70_000) : "",
      ]),
      ["XGROUP", "CREATE", "KEY", "readers", "0"],
      ...steps,
    ],
    change: ["XADD", "KEY", "999-1", "f", NEW],
  }));

/** A value of a type that every server has. */
export const randomValue = fc.oneof(string, list, set, numbers, hash, zset, stream);

/** What Redis 8 has besides: a hash whose fields have lives, and a vector set. */
export const valueOfRedis8 = fc.oneof(
  fc
    .tuple(members, fc.array(fc.integer({ min: 60_000, max: 10 ** 12 }), { minLength: 30, maxLength: 30 }))
    .map(([names, livesMs]): RandomValue => ({
      type: "hash",
      make: [
        ["HSET", "KEY", "stays", "v", ...names.flatMap((name) => [name, "v"])],
        ...names.map((name, i): Command => ["HPEXPIREAT", "KEY", Date.now() + (livesMs[i] ?? 0), "FIELDS", 1, name]),
      ],
      change: ["HPERSIST", "KEY", "FIELDS", 1, names[0] ?? ""],
    })),
  fc
    .tuple(members, fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 90, maxLength: 90 }))
    .map(([names, at]): RandomValue => ({
      type: "vectorset",
      make: names.map((name, i): Command => [
        "VADD",
        "KEY",
        "VALUES",
        3,
        at[3 * i] ?? 1,
        at[3 * i + 1] ?? 1,
        at[3 * i + 2] ?? 1,
        name,
      ]),
      change: ["VADD", "KEY", "VALUES", 3, 1, 2, 3, NEW],
    })),
);

/** Runs commands on a key. Those that the value does not allow, such as an id that is too small, are left out. */
export async function runOn(client: Redis, key: Buffer, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    const [verb = "", ...args] = command.map((arg) => (arg === "KEY" ? key : arg));
    await client.call(String(verb), ...args).catch((error: unknown) => {
      if (!/NOGROUP|smaller|greater|BUSYGROUP|specified|Invalid/i.test(String(error))) throw error;
    });
  }
}
