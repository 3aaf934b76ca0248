/** The two addresses of a shard: the one that the engines use, and the one that the backend's pods use. */
import { TcpProxy } from "./tcp-proxy";

/** Whose address of a shard is meant. */
export type Side = "engines" | "backend";

/** What happens to "the shard's network" happens to both addresses; an address that is wrong is wrong for one side. */
export class ShardDoors {
  private constructor(
    readonly engines: TcpProxy,
    readonly backend: TcpProxy,
  ) {}

  /** @param port - where the shard's server listens. */
  static async start(port: number): Promise<ShardDoors> {
    return new ShardDoors(await TcpProxy.start(port), await TcpProxy.start(port));
  }

  reset(): void {
    for (const way of this.both) way.reset();
  }

  cutNextAnswer(): void {
    for (const way of this.both) way.cutNextAnswer();
  }

  slowDown(delayMs: number, bytes: number): void {
    for (const way of this.both) way.slowDown(delayMs, bytes);
  }

  block(): void {
    for (const way of this.both) way.block();
  }

  open(): void {
    for (const way of this.both) way.open();
  }

  leadTo(port: number): void {
    for (const way of this.both) way.leadTo(port);
  }

  async stop(): Promise<void> {
    await Promise.all(this.both.map((way) => way.stop()));
  }

  private get both(): readonly TcpProxy[] {
    return [this.engines, this.backend];
  }
}
