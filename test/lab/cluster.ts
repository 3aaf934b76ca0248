/** The local Kubernetes: images, and the scripts in cluster/ that start, join, leave and stop it. */
import { spawn } from "node:child_process";
import path from "node:path";
import { ensureImages } from "./images";
import { CACHE_DIR, exitCode, LAB_DIR, timed } from "./machine";

const SCRIPTS = path.join(LAB_DIR, "cluster");

export interface LabOptions {
  /** Also the name of the network namespace: labs of different names run side by side. */
  readonly name: string;
  readonly nodes: number;
  /** Whether the cluster goes on running when its last user has left. */
  readonly keep: boolean;
  /** With the programs of Kubernetes and everything else that the scripts call. */
  readonly searchPath: string;
}

/** A cluster that this process uses. Other processes may use the same one: the last to leave stops it. */
export class Lab {
  private readonly runDir: string;

  constructor(private readonly options: LabOptions) {
    this.runDir = path.join(CACHE_DIR, "labs", options.name, "run");
  }

  get kubeconfig(): string {
    return path.join(this.runDir, "admin.kubeconfig");
  }

  /** Starts the cluster or joins the one that runs. `signal` stops the start. */
  async enter(signal: AbortSignal): Promise<void> {
    const { name, nodes, keep, searchPath } = this.options;
    const images = await ensureImages(searchPath);
    await timed(`Kubernetes of ${nodes} nodes, lab ${name}`, async () => {
      const code = await this.script(
        images,
        "enter.sh",
        [String(process.pid), String(nodes), keep ? "1" : "0"],
        signal,
      );
      if (code !== 0) throw new Error(`the local cluster did not start (exit ${code}); logs: ${this.runDir}/log`);
    });
  }

  async leave(): Promise<void> {
    await this.script(["unused"], "leave.sh", [String(process.pid)]);
  }

  /** Stops a kept lab; returns the script's exit code. */
  stop(): Promise<number> {
    return this.script(["unused"], "leave.sh", ["stop"]);
  }

  /** The command line that runs `command` inside the lab: in its network, with its names. */
  inside(command: readonly string[]): string[] {
    // The mount is in a namespace of its own: nothing outside sees it.
    const inOwnMounts = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const nsenter = ["nsenter", `--net=/run/netns/${this.options.name}`];
    const unshare = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", inOwnMounts];
    return [...nsenter, ...unshare, path.join(this.runDir, "resolv.conf"), ...command];
  }

  /** In a process group of its own, so that Ctrl-C in a terminal does not end it half-way. */
  private script(
    images: readonly string[],
    name: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<number> {
    const child = spawn(path.join(SCRIPTS, name), args, {
      detached: true,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PATH: this.options.searchPath,
        LAB_NAME: this.options.name,
        LAB_RUN: this.runDir,
        LAB_IMAGES: images.join(":"),
      },
    });
    const abort = () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    };
    signal?.addEventListener("abort", abort, { once: true });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, ended) => {
        signal?.removeEventListener("abort", abort);
        resolve(exitCode(code, ended));
      });
    });
  }
}
