/** Shards behind TLS: whom the engines take for a shard, and who they are to one that asks. */
import { expect } from "chai";
import { openShards } from "../../migration/adapters/open-shards";
import type { ShardLogin } from "../../migration/adapters/shard-login";
import { PrivateCa } from "../lab/private-ca";
import { freePort, RedisServer } from "./redis-servers";
import { errorOf } from "./ring-lab";

const ALTNAMES = "Hostname/IP does not match certificate's altnames:";
const CA = "Set redis.caCertificate to the authority of the shard's certificate, and its URL to a name in that";
const CLIENT = "It asks for a certificate that it trusts: set redis.clientCertificate and redisClientKey";

describe("shards behind TLS", function () {
  this.timeout(60_000);
  let ca: PrivateCa;
  let server: RedisServer;
  let port: number;
  before(() => (ca = new PrivateCa()));
  after(() => ca.remove());
  afterEach(() => server.stop());

  /** @param names - of the certificate. */
  const start = async (names: readonly string[], authClients: boolean) => {
    const { keyFile, certFile } = ca.issue("shard", ...names);
    port = await freePort();
    const tls = ["--tls-port", String(port), "--tls-key-file", keyFile, "--tls-cert-file", certFile];
    const clients = ["--tls-ca-cert-file", ca.certFile, "--tls-auth-clients", authClients ? "yes" : "no"];
    server = await RedisServer.start({ settings: [...tls, ...clients] });
  };

  /** What the shard says of itself, as the engines ask it. */
  const ask = async (host: string, login: ShardLogin): Promise<string> => {
    const how = { access: "direct", namespace: "test", keyPrefix: "pcs:", patient: false, login } as const;
    const open = await openShards([{ name: "a", url: `rediss://${host}:${port}` }], how);
    try {
      return (await open.shards[0]?.info())?.role ?? "nothing";
    } finally {
      open.close();
    }
  };
  const refusal = async (host: string, login: ShardLogin) => (await errorOf(ask(host, login))).message;

  const unreachable = (said: string, next: string) =>
    `a at rediss://localhost:${port} cannot be reached: ${said}. ${next}, then run \`pulumi up\` again: it goes on where ` +
    "it stopped.";

  it("by a private authority: taken for a shard with redis.caCertificate, and not without", async () => {
    await start(["DNS:localhost"], false);
    expect(await ask("localhost", { caCertificate: ca.cert })).to.equal("master");
    expect(await refusal("localhost", {})).to.equal(unreachable("self-signed certificate in certificate chain", CA));
  });

  it("by another authority than the one that is trusted: not taken for a shard", async () => {
    await start(["DNS:localhost"], false);
    const other = new PrivateCa();
    const message = await refusal("localhost", { caCertificate: other.cert });
    other.remove();
    expect(message).to.equal(unreachable("self-signed certificate in certificate chain", CA));
  });

  it("with another name in its certificate: not taken for a shard", async () => {
    await start(["DNS:another.example"], false);
    expect(await refusal("localhost", { caCertificate: ca.cert })).to.equal(
      unreachable(`${ALTNAMES} Host: localhost. is not in the cert's altnames: DNS:another.example`, CA),
    );
  });

  it("by its address: taken for a shard where the certificate has that", async () => {
    await start(["IP:127.0.0.1"], false);
    expect(await ask("127.0.0.1", { caCertificate: ca.cert })).to.equal("master");
    expect(await refusal("localhost", { caCertificate: ca.cert })).to.equal(
      unreachable(`${ALTNAMES} Host: localhost. is not cert's CN: shard`, CA),
    );
  });

  it("that asks for a certificate: lets in who has one of its authority, and nobody else", async () => {
    await start(["DNS:localhost"], true);
    const { cert, key } = ca.issue("engine");
    const login = { caCertificate: ca.cert, clientCertificate: cert, clientKey: key };
    expect(await ask("localhost", login)).to.equal("master");
    expect(await refusal("localhost", { caCertificate: ca.cert })).to.equal(
      unreachable("tlsv13 alert certificate required", CLIENT),
    );
  });
});
