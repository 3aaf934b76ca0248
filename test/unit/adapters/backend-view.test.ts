/** What becomes of pods that are asked for their epoch, in every way in which they may answer. */
import { expect } from "chai";
import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ClusterBackend, type BackendPlace } from "../../../migration/adapters/backend-view";
import type { Cluster } from "../../../migration/adapters/cluster";

const PLACE = { namespace: "n", deployment: "backend", configMap: "backend-config" };

const pod = (
  change: { phase?: string; ip?: string; epoch?: string; deleted?: boolean; idle?: boolean } = {},
): V1Pod => ({
  metadata: {
    name: "p",
    ...(change.epoch === undefined ? {} : { annotations: { "dedup-shards/ring-epoch": change.epoch } }),
    ...(change.deleted ? { deletionTimestamp: new Date(0) } : {}),
  },
  status: {
    phase: change.phase ?? "Running",
    ...(change.ip === undefined ? {} : { podIP: change.ip }),
    containerStatuses: [{ state: change.idle ? { waiting: {} } : { running: {} } } as unknown as V1ContainerStatus],
  },
});

const clusterOf = (pods: readonly V1Pod[], forward: Partial<Cluster> = {}) =>
  ({ podsOf: () => Promise.resolve(pods), ...forward }) as unknown as Cluster;

describe("the backend's pods, asked for their epoch", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function serve(answer: RequestListener): Promise<number> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  async function answerOf(answer: RequestListener, path = "/metrics", withinMs?: number) {
    const port = await serve(answer);
    const place: BackendPlace = { ...PLACE, access: "direct", metrics: { port, path } };
    const [found] = await new ClusterBackend(clusterOf([pod({ ip: "127.0.0.1" })]), place, withinMs).pods();
    return found?.answer;
  }

  it("asks for the path given, and reads the epoch", async () => {
    const answer = await answerOf(
      ({ url }, response) => response.end(url === "/m?x=1" ? "dedup_ring_epoch 4\n" : "?"),
      "/m?x=1",
    );
    expect(answer).to.deep.equal({ epochs: [4] });
  });

  it("a page without the metric, and no page at all, report none", async () => {
    expect(await answerOf((_request, response) => response.end("up 1\n"))).to.deep.equal({ epochs: [] });
    const notThere: RequestListener = (_request, response) => response.writeHead(404).end("dedup_ring_epoch 4");
    expect(await answerOf(notThere)).to.deep.equal({ epochs: [] });
  });

  it("an error of the server, a broken connection and silence are no answer", async () => {
    const failing: RequestListener = (_request, response) => response.writeHead(503).end("dedup_ring_epoch 4");
    expect(await answerOf(failing)).to.deep.equal({ silence: "HTTP status 503", idle: false });
    const guarded: RequestListener = (_request, response) => response.writeHead(401).end();
    expect(await answerOf(guarded)).to.deep.equal({ silence: "HTTP status 401", idle: false });
    expect(await answerOf((request) => request.destroy())).to.deep.equal({ silence: "socket hang up", idle: false });
    expect(await answerOf(() => undefined, "/", 200)).to.deep.equal({ silence: "nothing within 0.2s", idle: false });
    const halfWay: RequestListener = (_request, response) => void response.write("dedup_ring_epoch 4\n");
    expect(await answerOf(halfWay, "/", 200)).to.deep.equal({ silence: "nothing within 0.2s", idle: false });
    const endless: RequestListener = (_request, response) => response.end(Buffer.alloc(17 * 1024 * 1024, "\n"));
    expect(await answerOf(endless)).to.deep.equal({ silence: "more than 16777216 bytes of metrics", idle: false });
  });

  it("asks through the API server where shards are reached so, and says what went wrong there", async () => {
    const port = await serve((_request, response) => response.end("dedup_ring_epoch 4\n"));
    const asked: unknown[] = [];
    let closed = 0;
    const forward = (reason?: string) => ({
      forward: (...args: unknown[]) => {
        asked.push(args);
        return Promise.resolve({ port: reason ? 1 : port, problem: () => reason, close: () => void closed++ });
      },
    });
    const place: BackendPlace = { ...PLACE, access: "portForward", metrics: { port: 8080, path: "/metrics" } };
    const view = (reason?: string) => new ClusterBackend(clusterOf([pod({ ip: "192.0.2.1" })], forward(reason)), place);
    expect((await view().pods())[0]?.answer).to.deep.equal({ epochs: [4] });
    expect((await view("Forbidden").pods())[0]?.answer).to.deep.equal({ silence: "Forbidden", idle: false });
    expect(asked).to.deep.equal(Array(2).fill(["n", "p", 8080]));
    expect(closed).to.equal(2);
  });

  it("a pod without an address, or without a container that runs, is told from one that is silent", async () => {
    const port = await serve((request) => request.destroy());
    const place: BackendPlace = { ...PLACE, access: "direct", metrics: { port, path: "/metrics" } };
    const pods = [pod({ phase: "Pending", epoch: "2", idle: true }), pod({ ip: "127.0.0.1", idle: true }), pod()];
    expect(await new ClusterBackend(clusterOf(pods), place).pods()).to.deep.equal([
      { name: "p", annotated: 2, answer: { silence: "no container of it runs", idle: true }, terminating: false },
      {
        name: "p",
        annotated: undefined,
        answer: { silence: "no container of it runs", idle: true },
        terminating: false,
      },
      { name: "p", annotated: undefined, answer: { silence: "it has no address", idle: false }, terminating: false },
    ]);
  });

  it("leaves out a pod that no node has room for, and none that a node has", async () => {
    const waiting = (status: string, nodeName?: string): V1Pod => ({
      ...pod({ phase: "Pending" }),
      spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status }] },
    });
    const pods = [waiting("False"), waiting("False", "node-1"), waiting("True", "node-1"), waiting("True"), pod()];
    expect(await new ClusterBackend(clusterOf(pods), { ...PLACE, access: "direct" }).pods()).to.have.length(4);
  });

  it("asks nobody without a port, and leaves out the pods that have ended", async () => {
    const pods = [pod({ phase: "Succeeded" }), pod({ phase: "Failed" }), pod({ epoch: "7", deleted: true }), pod()];
    expect(await new ClusterBackend(clusterOf(pods), { ...PLACE, access: "direct" }).pods()).to.deep.equal([
      { name: "p", annotated: 7, terminating: true },
      { name: "p", annotated: undefined, terminating: false },
    ]);
  });

  it("asks many pods, each once, in their order", async () => {
    let asked = 0;
    const port = await serve((_request, response) => response.end(`dedup_ring_epoch ${asked++}\n`));
    const pods = Array.from({ length: 50 }, (_, i) => pod({ ip: "127.0.0.1", epoch: String(i) }));
    const place: BackendPlace = { ...PLACE, access: "direct", metrics: { port, path: "/metrics" } };
    const found = await new ClusterBackend(clusterOf(pods), place).pods();
    expect(found.map(({ annotated }) => annotated)).to.deep.equal(pods.map((_, i) => i));
    expect(asked).to.equal(50);
  });
});
