/** The ring ConfigMap of a fake API server: every version that it had, read, listed, watched and patched as the real one is. */
import type { ServerResponse } from "node:http";

type Data = Readonly<Record<string, string>>;

/** One operation of a JSON patch. */
interface Operation {
  readonly op: "test" | "add";
  readonly path: string;
  readonly value: string;
}

interface Version {
  readonly data: Data | undefined;
  readonly resourceVersion: string;
  readonly manager: string;
}

export class FakeRing {
  /** Called with each new version, as a controller is: it may write another one. */
  onWritten: ((data: Data | undefined) => void) | undefined;
  /** Whether the server has forgotten the versions before the present one. */
  forgets = false;
  private readonly versions: Version[] = [{ data: undefined, resourceVersion: "100", manager: "" }];

  constructor(private readonly name: string) {}

  get data(): Data | undefined {
    return this.latest.data;
  }

  /** A new version, by whoever. */
  write(data: Data | undefined, manager = "dedup-shards"): void {
    this.versions.push({ data, resourceVersion: String(100 + this.versions.length), manager });
    this.onWritten?.(data);
  }

  /** @returns the status: 422 where a test of the patch does not hold. */
  patch(operations: readonly Operation[]): number {
    const { data = {}, resourceVersion } = this.latest;
    const next = { ...data };
    for (const { op, path, value } of operations) {
      const key = path.replace("/data/", "");
      if (op === "add") next[key] = value;
      else if ((path === "/metadata/resourceVersion" ? resourceVersion : data[key]) !== value) return 422;
    }
    this.write(next);
    return 200;
  }

  list(): object {
    const { resourceVersion } = this.latest;
    return { metadata: { resourceVersion }, items: this.data ? [this.toObject(this.latest)] : [] };
  }

  /** Every version after the one named, as one event a line; the watch stays open then. */
  watch(since: string | null, response: ServerResponse): void {
    const first = this.versions.findIndex(({ resourceVersion }) => resourceVersion === since);
    if (first < 0 || this.forgets) return void response.writeHead(410).end();
    response.writeHead(200, { "content-type": "application/json" });
    this.versions.slice(first + 1).forEach((version, i) => {
      const [before, deleted] = [this.versions[first + i], version.data === undefined];
      const type = deleted ? "DELETED" : before?.data === undefined ? "ADDED" : "MODIFIED";
      response.write(`${JSON.stringify({ type, object: this.toObject(version) })}\n`);
    });
  }

  private get latest(): Version {
    return this.versions.at(-1) as Version;
  }

  private toObject({ data, resourceVersion, manager }: Version): object {
    const fieldsV1 = { "f:data": Object.fromEntries(Object.keys(data ?? {}).map((key) => [`f:${key}`, {}])) };
    const managedFields = [{ manager, operation: "Update", fieldsV1 }];
    return { metadata: { name: this.name, resourceVersion, managedFields }, data };
  }
}
