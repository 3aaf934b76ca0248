import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** A shard to back up. */
export interface ShardToBackUp {
  /** The shard's name in the ring. */
  readonly name: string;
  /** What the command needs to know to reach the shard. Secrets stay secret in the state. */
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
}

/** One snapshot per shard. */
export interface ShardBackupsArgs {
  /** The shards, usually those of the current ring. */
  readonly shards: readonly ShardToBackUp[];
  /**
   * The shell command to run per shard; SHARD_NAME and BACKUP_FILE are added to its environment. Another command or
   * environment later on does not run it again.
   */
  readonly create: pulumi.Input<string>;
  /** The folder that BACKUP_FILE lies in. */
  readonly directory: pulumi.Input<string>;
  /** The snapshots are taken anew when one of these changes. */
  readonly triggers: pulumi.Input<pulumi.Input<string>[]>;
}

/** Takes one snapshot per shard when it is declared. A command that fails stops the run and whatever depends on this. */
export class ShardBackups extends pulumi.ComponentResource {
  /** Where each shard's snapshot lies, by shard name. */
  readonly files: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: ShardBackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:ShardBackups", name, {}, opts);
    const files = args.shards.map((shard) => [shard.name, this.backUp(name, args, shard)] as const);
    this.files = pulumi.output(Object.fromEntries(files));
    this.registerOutputs({ files: this.files });
  }

  private backUp(name: string, args: ShardBackupsArgs, shard: ShardToBackUp): pulumi.Output<string> {
    // Shards of a `shardUrls` entry may have any name, a path among them.
    const file = pulumi.interpolate`${args.directory}/${encodeURIComponent(shard.name)}.rdb`;
    new command.local.Command(
      `${name}-${shard.name}`,
      {
        create: args.create,
        // Without it a change of the environment (an edited command, another password) would run `create` again, and the
        // snapshot from before the copy would give way to one of what the shard holds by then.
        update: ":",
        environment: { ...shard.environment, SHARD_NAME: shard.name, BACKUP_FILE: file },
        triggers: args.triggers,
        // What a command prints is its author's affair; a failing one still shows it in its error.
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    return file;
  }
}
