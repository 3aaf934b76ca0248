import { connect } from "node:net";

const EVERY_MS = 2_000;
let watching = false;

/**
 * Ends this process when the Pulumi engine that started it is gone: a provider is not in the CLI's process group, so
 * after a SIGKILL of the CLI it would work on with nobody watching. (The fencing token protects the data meanwhile.)
 */
export function watchEngine(address: string | undefined = process.argv[2]): void {
  const [, host, port] = /^(.*):(\d+)$/.exec(address ?? "") ?? [];
  if (watching || host === undefined || port === undefined) return;
  watching = true;
  setInterval(() => {
    const socket = connect(Number(port), host);
    socket.on("connect", () => socket.destroy());
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED") return;
      console.error("the Pulumi engine is gone: this run stops; the next `pulumi up` goes on from its checkpoint");
      process.exit(1);
    });
  }, EVERY_MS).unref();
}
