import { expect } from "chai";
import { noEviction } from "../../../policy/no-eviction";
import { prodPassword } from "../../../policy/prod-password";
import { STATEFUL_SET } from "../../../policy/shards";
import { judged, type Declared } from "./judged";

interface Files {
  readonly conf: string;
  readonly auth?: object;
  readonly command?: readonly string[];
  readonly app?: string;
}

/** One shard with its files, as they are given to Kubernetes. */
const shard = ({ conf, auth, command = [], app = "redis-dedup" }: Files): readonly Declared[] => [
  { type: "kubernetes:core/v1:ConfigMap", props: { metadata: { name: "config-1" }, data: { "redis.conf": conf } } },
  { type: "kubernetes:core/v1:Secret", props: { metadata: { name: "auth-1" }, ...auth } },
  {
    type: STATEFUL_SET,
    props: {
      metadata: { name: "redis-dedup-shard-0", labels: { app } },
      spec: {
        template: {
          spec: {
            containers: [{ command: ["redis-server", "/etc/redis/redis.conf", ...command] }],
            volumes: [{ configMap: { name: "config-1" } }, ...(auth ? [{ secret: { secretName: "auth-1" } }] : [])],
          },
        },
      },
    },
  },
];

describe("policy no-eviction", () => {
  const conf = "maxmemory 1\nmaxmemory-policy noeviction\n";
  const would = (found: string) => [
    `redis-dedup-shard-0 would run with maxmemory-policy ${found}; allowed: noeviction, written down.`,
  ];

  it("passes a shard that refuses writes", async () => {
    expect(await judged(noEviction, shard({ conf }))).to.deep.equal([]);
  });

  it("fails what the last line, an argument, or nobody says", async () => {
    expect(await judged(noEviction, shard({ conf: `${conf}MAXMEMORY-POLICY allkeys-lru` }))).to.deep.equal(
      would("allkeys-lru"),
    );
    const command = ["--maxmemory-policy", "volatile-ttl"];
    expect(await judged(noEviction, shard({ conf, command }))).to.deep.equal(would("volatile-ttl"));
    expect(await judged(noEviction, shard({ conf: "# maxmemory-policy noeviction" }))).to.deep.equal(would("unset"));
  });

  it("says nothing of others' StatefulSets", async () => {
    expect(await judged(noEviction, shard({ conf: "", app: "cache" }))).to.deep.equal([]);
  });
});

describe("policy prod-password", () => {
  const conf = "include /etc/redis-auth/auth.conf\n";
  const text = 'requirepass "geheim"\n';
  const OPEN = [
    'redis-dedup-shard-0 would answer without a password in stack "prod". Set one: pulumi config set --secret redisPassword',
  ];

  it("passes a Secret with a password, given as text or in base64", async () => {
    for (const auth of [
      { stringData: { "auth.conf": text } },
      { data: { "auth.conf": Buffer.from(text).toString("base64") } },
    ]) {
      expect(await judged(prodPassword, shard({ conf, auth }))).to.deep.equal([]);
    }
  });

  it("fails no Secret, an empty password, and a file that nobody includes", async () => {
    const empty = { stringData: { "auth.conf": 'requirepass ""' } };
    expect(await judged(prodPassword, shard({ conf }))).to.deep.equal(OPEN);
    expect(await judged(prodPassword, shard({ conf, auth: empty }))).to.deep.equal(OPEN);
    expect(await judged(prodPassword, shard({ conf: "", auth: { stringData: { "auth.conf": text } } }))).to.deep.equal(
      OPEN,
    );
  });

  it("asks for none where the organisation does not call it production", async () => {
    expect(await judged(prodPassword, shard({ conf }), { stacks: ["live"] })).to.deep.equal([]);
  });
});
